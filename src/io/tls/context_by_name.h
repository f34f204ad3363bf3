// Which of several contexts serves a connection, by the name its client asks for.
//
// Where groups of hosts have keys of their own, one port serves all of them. OpenSSL asks when the client's first message has come, before
// anything of a session is looked at; the answer is at hand, so nothing waits (else: by_name.h). A name that may not be served yet ends the
// handshake with "unrecognized_name": a certificate that no record matches would be worse.
//
// A session of one context is no session of another: each context has a session id context of its own (RFC 6066 3: no resumption under
// another group's name), which also changes with its keys.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/tls/context.h"

struct ssl_st;

namespace danewerk::io {

/// For the name as sent, in lower case; empty: none was. Nothing: the context the connection was given. Null: refuse. Must not block, from any
/// thread.
using ContextByName = std::function<std::optional<std::shared_ptr<const ServerContext>>(std::string_view server_name)>;

/// Asked for one connection, during its handshake only. It must not move meanwhile.
class ContextChoice {
 public:
  explicit ContextChoice(const ContextByName& choose) : choose_(choose) {}
  ContextChoice(const ContextChoice&) = delete;
  ContextChoice& operator=(const ContextChoice&) = delete;
  ~ContextChoice();
  /// OpenSSL asks from now on.
  void attach(ssl_st* tls);
  /// The name that was refused, if one was.
  const std::optional<std::string>& refused() const noexcept { return refused_; }

 private:
  friend struct ContextChoiceCallback;
  const ContextByName& choose_;
  ssl_st* tls_ = nullptr;
  std::optional<std::string> refused_;
};

/// For ServerContext: its connections may have a ContextChoice.
void allow_choice(ssl_ctx_st* context);

}  // namespace danewerk::io
