// Listener: a listening TCP socket of one reactor.
//
// Each reactor has its own, on the same address (SO_REUSEPORT): the kernel spreads connections, and no accepted socket
// ever changes reactors. An IPv6 listener takes IPv6 only, so that "[::]:25" and "0.0.0.0:25" can both be configured.
#pragma once

#include "io/net/socket.h"
#include "types/ip_address.h"

namespace danewerk::io {

struct Accepted {
  Socket socket;
  types::Endpoint peer;
  types::Endpoint local;  ///< the address the client reached us at
};

class Listener {
 public:
  /// Errors: denied (ports below 1024 without the capability), conflict (address in use), unavailable.
  static Result<Listener> open(Executor executor, types::Endpoint at);
  /// Whether nobody listens there yet. open() alone would share an address with another program of our user that shares as well,
  /// and each would get a part of the connections. Errors as open()'s.
  static Result<void> check_free(types::Endpoint at);

  types::Endpoint local() const noexcept { return local_; }
  /// The next connection, TCP_NODELAY set. Errors are passing ones (too many open files, cancelled): the caller waits a
  /// little and goes on, unless it was cancelled.
  Task<Result<Accepted>> accept();
  void close() noexcept { socket_.close(); }

 private:
  Listener(Socket socket, types::Endpoint local) : socket_(std::move(socket)), local_(local) {}
  Socket socket_;
  types::Endpoint local_;
};

}  // namespace danewerk::io
