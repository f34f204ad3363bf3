// ServerContext and ClientContext: the TLS settings a group of connections shares.
//
// RFC 9325 3 and 4: TLS 1.2 and 1.3 only, ephemeral key exchange with authenticated encryption preferred, no compression, no
// renegotiation, no early data. A ServerContext is immutable once made: a new certificate means a new context, and
// connections that began under the old one end under it. Ticket keys live and die with the context, so every rollover
// rotates them (RFC 9325 3.4).
//
// A ClientContext verifies nothing during the handshake: the chain as sent is handed to io/tls/dane_verify afterwards, so
// that a live handshake, a resumed one and `danewerk tlsa verify` are judged by the same function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;

namespace danewerk::io {

/// One private key with its certificate chain, PEM, leaf first.
struct ServerIdentity {
  std::string key_pem;
  std::string chain_pem;
};

class ServerContext {
 public:
  /// One identity for each key algorithm served (RSA, ECDSA). Error: malformed, saying which of them and why (unreadable,
  /// or the key is not the certificate's). Sessions are resumed only by a context of the same identities and the same `whose`.
  static Result<std::shared_ptr<const ServerContext>> make(const std::vector<ServerIdentity>& identities, std::string_view whose = {});
  ssl_ctx_st* get() const noexcept { return context_.get(); }

 private:
  explicit ServerContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

/// Which keys of the server a client can verify signatures of, and so which of its chains it may be shown.
enum class OfferedKeys : std::uint8_t { any, ecdsa, rsa };

class ClientContext {
 public:
  static Result<std::shared_ptr<const ClientContext>> make(OfferedKeys offered = OfferedKeys::any);
  ssl_ctx_st* get() const noexcept { return context_.get(); }

 private:
  explicit ClientContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

/// Takes everything off OpenSSL's error queue: "tls alert handshake failure; ...", or `otherwise` if it is empty.
std::string tls_error_text(const std::string& otherwise);
/// What ought to work and does not: "signing: <what OpenSSL says>", of kind internal.
Failure<Error> tls_failure(const char* doing);

}  // namespace danewerk::io
