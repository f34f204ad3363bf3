// Socket: one connected TCP socket on one reactor, with a deadline.
//
// Every wait on a peer needs an end, or a silent peer holds a place for ever. A Socket has one deadline, set before a
// phase begins (RFC 5321 4.5.3.2 names the phases); any wait that passes it fails with ErrorKind::timeout, and the
// socket is then good for nothing but closing. Moving the deadline costs nothing: one watchdog timer a socket is
// re-armed only when it rings.
//
// The octets themselves are moved by whoever owns the Socket (io/tls does it for both clear and encrypted connections);
// here is only readiness, so that OpenSSL can sit directly on the descriptor.
#pragma once

#include <memory>

#include "base/instant.h"
#include "io/runtime/task.h"
#include "types/ip_address.h"

namespace danewerk::io {

class Socket {
 public:
  /// Takes over a connected stream socket and makes it non-blocking.
  Socket(Executor executor, int descriptor);
  Socket(Socket&&) noexcept;
  Socket& operator=(Socket&&) noexcept;
  /// Closes.
  ~Socket();

  int descriptor() const noexcept;
  Executor executor() const noexcept;
  bool is_open() const noexcept;
  void close() noexcept;

  /// All waits from now on must end within `limit`.
  void expires_after(Duration limit);
  /// Waits for as long as it takes.
  void never_expires() { expires_after(std::chrono::hours{24 * 365 * 100}); }

  /// Waits until a read (a write) would not block, or the peer has gone. Errors: timeout, cancelled, unavailable.
  Task<Result<void>> readable();
  Task<Result<void>> writable();

  /// For another coroutine of the same reactor: ends the waits under way with ErrorKind::cancelled.
  void cancel();

 private:
  struct State;
  static Task<Result<void>> wait(std::shared_ptr<State> state, bool for_write);
  std::shared_ptr<State> state_;
};

/// "Connection reset by peer" and so on as an Error of kind unavailable; `doing` says what was tried.
Error socket_error(const std::string& doing, int error_number);

}  // namespace danewerk::io
