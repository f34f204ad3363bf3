// HttpsClient: one GET over HTTPS from a host that strangers chose (MTA-STS policies), or one POST of JSON to the operator's own.
//
// Whoever sends mail to a domain of his own makes us fetch from an address he picks: without care that is a probe of our own
// network (SSRF), a redirect to anywhere, a body without end, or a connection that is held for ever. So:
//
//   * https only, one host, one path; a redirect is a reply like any other, never followed; no proxy, no cookies, no cache;
//   * addresses come from the caller, who had them from our resolver; libcurl never asks the system's. Those that are not
//     public unicast are dropped, and each address is looked at again when its socket is opened;
//   * the certificate is judged by tls::verify_pkix: DNS-ID only (libcurl itself would fall back to the CN, STS-03);
//   * body and header fields are counted while they come in; a content encoding is refused, so that no few octets can
//     become many;
//   * the whole takes at most `limit`, waiting for its turn included; at most so many run at once, in all and at one address.
//
// libcurl runs on one thread of its own; a caller's coroutine resumes on its own reactor.
//
// RFC 8461 3.2, 3.3, 10.3; STS-03, STS-05.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/net/dialer.h"
#include "io/runtime/event.h"
#include "io/tls/pkix_verify.h"

namespace danewerk::io {

struct HttpsRequest {
  types::DomainName host;  ///< SNI, Host field, and the name the certificate must carry
  std::string path;
  std::vector<types::IpAddress> addresses;
  std::shared_ptr<const tls::TrustStore> trust;
  Instant at;  ///< the time certificates are judged by
  types::Port port{443};
  Duration limit = std::chrono::seconds(60);
  ByteCount most{64 * 1024};  ///< octets of the body
  std::string post{};         ///< JSON to be posted; empty: a GET
};

struct HttpsReply {
  int status = 0;
  std::string content_type;  ///< without parameters, lower case; empty if there was none
  std::string body;
};

enum class HttpsFault : std::uint8_t {
  no_address,   ///< none given, or none we may connect to
  connection,   ///< refused, unreachable, broken, or not HTTP
  certificate,  ///< not valid for the host
  timeout,
  too_large,
  encoded,      ///< a content encoding we did not ask for
  ours,         ///< stopped, or out of means
};

struct HttpsFailure {
  HttpsFault fault = HttpsFault::connection;
  std::string what;  ///< printable
};

using HttpsResult = Result<HttpsReply, HttpsFailure>;

/// A seam: HttpsClient in the program, written replies in tests.
class HttpsGetter {
 public:
  virtual ~HttpsGetter() = default;
  /// Ends within the request's limit, always.
  virtual Task<HttpsResult> get(HttpsRequest request) = 0;
};

struct HttpsTransfer;

class HttpsClient final : public HttpsGetter {
 public:
  struct Limits {
    std::size_t in_all = 32;
    std::size_t at_one_address = 4;
  };
  /// Error: internal where libcurl cannot start or has no TLS of OpenSSL.
  static Result<std::unique_ptr<HttpsClient>> start(AddressFilter filter, Limits limits);
  /// Ends what is under way with HttpsFault::ours.
  ~HttpsClient() override;
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

  /// From any reactor. Not cancellable; ends within the request's limit, or at stop().
  Task<HttpsResult> get(HttpsRequest request) override;
  /// Thread safe; ends everything at once. Later requests fail.
  void stop();

 private:
  struct Multi;
  HttpsClient(AddressFilter filter, Limits limits, std::unique_ptr<Multi> multi);
  void loop();
  void take_new();
  void start_waiting();
  void collect();
  bool may_start(const HttpsTransfer& transfer) const;

  AddressFilter filter_;
  Limits limits_;
  std::unique_ptr<Multi> multi_;
  std::mutex mutex_;
  std::list<std::unique_ptr<HttpsTransfer>> new_;  // under the mutex
  bool stopping_ = false;                     // under the mutex
  std::list<std::unique_ptr<HttpsTransfer>> waiting_;
  std::list<std::unique_ptr<HttpsTransfer>> running_;
  std::thread thread_;
};

const char* name_of(HttpsFault fault) noexcept;

}  // namespace danewerk::io
