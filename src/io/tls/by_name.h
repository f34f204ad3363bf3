// A server whose certificate depends on the name that is asked for, where finding it may take a while.
//
// OpenSSL asks a callback when the client's first message has come, and can be told to wait. So the name is read there, the handshake
// pauses (SSL_ERROR_WANT_CLIENT_HELLO_CB), Connection::accept_tls awaits the certificate, and OpenSSL asks again. A name nobody knows, or
// none, ends the handshake with "unrecognized_name". Nothing is resumed, so that no session of one name serves another.
//
// RFC 9325 3.7, RFC 6066 3.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/runtime/task.h"
#include "io/tls/context.h"

struct ssl_st;

namespace danewerk::io {

/// A key and its chain, read and checked. Immutable.
class LoadedIdentity {
 public:
  /// Error: malformed, as ServerContext::make.
  static Result<std::shared_ptr<const LoadedIdentity>> load(const ServerIdentity& identity);
  /// From now on this connection of a server shows it. False where OpenSSL refuses.
  bool show_on(ssl_st* tls) const noexcept;

 private:
  struct Parts;
  explicit LoadedIdentity(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

/// For the name as sent, in lower case; empty: none was. Null refuses the handshake.
using ChooseIdentity = std::function<Task<std::shared_ptr<const LoadedIdentity>>(std::string server_name)>;

/// What `choose` refers to outlives every handshake. Error: internal.
Result<std::shared_ptr<const ServerContext>> server_by_name(ChooseIdentity choose);

/// For Connection: answers OpenSSL's question on this connection. Error: internal where there is none.
Task<Result<void>> choose_identity(ssl_st* tls);

}  // namespace danewerk::io
