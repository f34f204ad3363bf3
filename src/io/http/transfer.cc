#include "io/http/transfer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "io/net/socket_address.h"

namespace danewerk::io {
namespace {

constexpr std::size_t most_header_octets = 16 * 1024;
constexpr long longest_connect_ms = 20'000;

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string out;
  for (const char c : text.substr(0, longest)) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return out;
}

}  // namespace

/// libcurl's callbacks; a struct, so that they may see Transfer.
struct HttpsCallbacks {
  using One = HttpsTransfer;

  static std::size_t body(char* data, std::size_t size, std::size_t count, void* argument) {
    auto& transfer = *static_cast<One*>(argument);
    const std::size_t octets = size * count;
    if (transfer.reply.body.size() + octets > static_cast<std::uint64_t>(transfer.request.most)) {
      transfer.broken_off = HttpsFault::too_large;
      return CURL_WRITEFUNC_ERROR;
    }
    transfer.reply.body.append(data, octets);
    return octets;
  }

  static std::size_t header(char* data, std::size_t size, std::size_t count, void* argument) {
    auto& transfer = *static_cast<One*>(argument);
    const std::string_view line(data, size * count);
    transfer.header_octets += line.size();
    if (transfer.header_octets > most_header_octets) {
      transfer.broken_off = HttpsFault::too_large;
      return 0;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    const std::string name = lower(trimmed(line.substr(0, colon)));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "content-type") transfer.reply.content_type = lower(trimmed(value.substr(0, value.find(';'))));
    if (name == "content-encoding" && lower(value) != "identity") {
      transfer.broken_off = HttpsFault::encoded;
      return 0;
    }
    return line.size();
  }

  static curl_socket_t open_socket(void* argument, curlsocktype, curl_sockaddr* address) {
    const auto& transfer = *static_cast<const One*>(argument);
    if (address->family != AF_INET && address->family != AF_INET6) return CURL_SOCKET_BAD;
    SocketAddress peer;
    std::memcpy(&peer.storage, &address->addr, std::min<std::size_t>(address->addrlen, sizeof peer.storage));
    if (!transfer.filter.allows(peer.endpoint().address)) return CURL_SOCKET_BAD;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static CURLcode tls_context(CURL*, void* context, void* argument) {
    auto& transfer = *static_cast<One*>(argument);
    tls::judge_handshakes(static_cast<ssl_ctx_st*>(context), *transfer.judge);
    return CURLE_OK;
  }
};

HttpsTransfer::HttpsTransfer(HttpsRequest what, const AddressFilter& addresses, Completion<HttpsResult> whom)
    : request(std::move(what)), filter(addresses), done(std::move(whom)), until(std::chrono::steady_clock::now() + request.limit) {
  for (const types::IpAddress& address : request.addresses) {
    if (filter.allows(address)) allowed.push_back(address);
  }
}

std::chrono::milliseconds HttpsTransfer::left() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
}

Result<void, HttpsFailure> HttpsTransfer::prepare() {
  if (!request.trust) return Failure{HttpsFailure{HttpsFault::ours, "no trust store to verify certificates by"}};
  easy.reset(curl_easy_init());
  const std::string port = std::to_string(static_cast<unsigned>(request.port));
  std::string entry = request.host.to_string() + ":" + port + ":";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    const std::string text = allowed[i].to_string();
    entry += (i ? "," : "") + (allowed[i].family() == types::IpAddress::Family::v6 ? "[" + text + "]" : text);
  }
  resolve.reset(curl_slist_append(nullptr, entry.c_str()));
  if (!easy || !resolve) return Failure{HttpsFailure{HttpsFault::ours, "out of memory"}};
  judge = tls::HandshakeJudge{request.trust, types::ReferenceName(request.host), request.at, std::nullopt, {}};
  const std::string url = "https://" + request.host.to_string() + ":" + port + request.path;
  CURL* handle = easy.get();
  bool set = true;
  const auto option = [&set, handle](CURLoption name, auto value) { set = set && curl_easy_setopt(handle, name, value) == CURLE_OK; };
  option(CURLOPT_PRIVATE, this);
  option(CURLOPT_URL, url.c_str());
  option(CURLOPT_RESOLVE, resolve.get());
  option(CURLOPT_PROTOCOLS_STR, "https");
  option(CURLOPT_FOLLOWLOCATION, 0L);  // STS-03
  option(CURLOPT_PROXY, "");
  option(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  option(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  option(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  option(CURLOPT_FORBID_REUSE, 1L);
  option(CURLOPT_NOSIGNAL, 1L);
  option(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, left().count())));
  option(CURLOPT_CONNECTTIMEOUT_MS, longest_connect_ms);
  option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));  // STS-13
  option(CURLOPT_SSL_VERIFYPEER, 1L);
  option(CURLOPT_SSL_VERIFYHOST, 2L);
  option(CURLOPT_CAINFO, static_cast<char*>(nullptr));
  option(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  option(CURLOPT_SSL_CTX_FUNCTION, &HttpsCallbacks::tls_context);
  option(CURLOPT_SSL_CTX_DATA, this);
  option(CURLOPT_OPENSOCKETFUNCTION, &HttpsCallbacks::open_socket);
  option(CURLOPT_OPENSOCKETDATA, this);
  option(CURLOPT_WRITEFUNCTION, &HttpsCallbacks::body);
  option(CURLOPT_WRITEDATA, this);
  option(CURLOPT_HEADERFUNCTION, &HttpsCallbacks::header);
  option(CURLOPT_HEADERDATA, this);
  option(CURLOPT_ERRORBUFFER, &error[0]);
  if (!request.post.empty()) {
    fields.reset(curl_slist_append(nullptr, "Content-Type: application/json"));
    option(CURLOPT_HTTPHEADER, fields.get());
    option(CURLOPT_POSTFIELDS, request.post.c_str());
    option(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.post.size()));
  }
  if (!set) return Failure{HttpsFailure{HttpsFault::ours, "libcurl refuses an option we need"}};
  return {};
}

HttpsResult HttpsTransfer::conclude(CURLcode code) {
  const std::string host = request.host.to_string();
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return std::move(reply);
  }
  HttpsFailure failure;
  failure.what = host + ": " + printable(*error != '\0' ? error : curl_easy_strerror(code));
  if (broken_off) {
    failure.fault = *broken_off;
    failure.what = host + (*broken_off == HttpsFault::encoded ? " answers in a content encoding, which was not asked for"
                                                              : " sends more than the octets we accept");
  } else if (judge && !judge->trouble.empty()) {
    failure.fault = HttpsFault::ours;
    failure.what = judge->trouble;
  } else if (judge && judge->verdict && !judge->verdict->is_authenticated()) {
    failure.fault = HttpsFault::certificate;
    failure.what = host + ": " + printable(judge->verdict->reason);
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    failure.fault = HttpsFault::timeout;
  } else if (code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT) {
    failure.fault = HttpsFault::ours;
  }
  return Failure{std::move(failure)};
}

const char* name_of(HttpsFault fault) noexcept {
  switch (fault) {
    case HttpsFault::no_address: return "no-address";
    case HttpsFault::connection: return "connection";
    case HttpsFault::certificate: return "certificate";
    case HttpsFault::timeout: return "timeout";
    case HttpsFault::too_large: return "too-large";
    case HttpsFault::encoded: return "encoded";
    case HttpsFault::ours: return "ours";
  }
  return "connection";
}

}  // namespace danewerk::io
