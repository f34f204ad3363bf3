// Connection: octets to and from a peer, in clear first and encrypted after a handshake.
//
// The same object serves a connection before and after STARTTLS, so that nobody can keep a handle to the clear side. It
// drives OpenSSL directly on the socket (no intermediate buffers; idle sessions give their buffers back). Nothing read in
// clear is ever kept here: what was read has been handed out, so no octet sent before the handshake can be taken for one
// sent after it (CVE-2011-0411); octets of a peer that speaks early break the handshake instead.
//
// A client may offer a session of an earlier connection (RFC 8446 2.2). Whether it may be offered here is the caller's to
// know (TLS-04): the peer then sends no certificate, and peer_certificates() are those of the earlier connection.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "io/net/socket.h"
#include "io/tls/context_by_name.h"

struct ssl_st;
struct ssl_session_st;
struct stack_st_X509;

namespace danewerk::io {

/// What a handshake agreed on.
struct TlsInfo {
  std::string version;             ///< "TLSv1.3"
  std::string cipher;              ///< "TLS_AES_256_GCM_SHA384"
  bool resumed = false;
  std::string server_name;         ///< SNI, as sent or received; empty if none
};

/// What a later connection may offer to continue this one; null: nothing. One reactor only: OpenSSL writes to it.
using TlsTicket = std::shared_ptr<ssl_session_st>;

/// How long from now the peer will honour it, by its own word (RFC 8446 4.6.1); at most a day; zero: not at all.
Duration lifetime(const TlsTicket& ticket);

class Connection {
 public:
  explicit Connection(Socket socket);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  /// Closes at once; see shutdown() for the polite way.
  ~Connection();

  /// Every operation from now on must end within `limit`.
  void expires_after(Duration limit) { socket_.expires_after(limit); }

  /// At least one octet, or 0 when the peer has ended the connection. Errors: timeout, cancelled, unavailable, refused (a TLS alert
  /// of the peer ended it).
  Task<Result<std::size_t>> read_some(std::span<char> into);
  /// What has come already, without waiting: as read_some, but nothing where nothing has come.
  Result<std::optional<std::size_t>> read_now(std::span<char> into);
  /// All of it. Errors as read_some.
  Task<Result<void>> write_all(std::string_view data);

  /// Handshakes; on failure the connection is good for nothing but closing. Errors: refused (the TLS fault in words),
  /// timeout, unavailable (peer gone).
  /// Where `by_name` is given it may put another context in place of this one, or refuse; it outlives the call.
  Task<Result<TlsInfo>> accept_tls(std::shared_ptr<const ServerContext> context, const ContextByName* by_name = nullptr);
  /// `offered` may be null; a peer that does not honour it shakes hands in full.
  Task<Result<TlsInfo>> start_tls(std::shared_ptr<const ClientContext> context, std::string server_name, TlsTicket offered);
  /// On a client's side: the latest the peer has given; null if none. TLS 1.3 sends it after the handshake, with the first
  /// octets read.
  TlsTicket ticket() const;

  bool is_encrypted() const noexcept { return tls_ != nullptr; }
  /// On a client's side: the certificates as the peer sent them, leaf first; null if there are none. Valid while the connection
  /// lives. For tls::verify_chain.
  const ::stack_st_X509* peer_certificates() const noexcept;
  /// Sends close_notify where it applies and closes; waits for nothing.
  void shutdown() noexcept;
  /// For another coroutine of the same reactor: ends the operation under way.
  void cancel() { socket_.cancel(); }
  Executor executor() const noexcept { return socket_.executor(); }
  int descriptor() const noexcept { return socket_.descriptor(); }

 private:
  Task<Result<TlsInfo>> handshake();
  Result<std::size_t> try_read(std::span<char> into, int& want);
  Task<Result<void>> wait_for_tls(int want);
  struct FreeTls {
    void operator()(ssl_st* tls) const noexcept;
  };

  Socket socket_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace danewerk::io
