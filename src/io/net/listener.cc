#include "io/net/listener.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

#include "io/net/socket_address.h"

namespace danewerk::io {
namespace {

Failure<Error> could_not_listen(const types::Endpoint& at, int error_number) {
  Error error = socket_error("listen on " + at.to_string(), error_number);
  if (error_number == EACCES) error.kind = ErrorKind::denied;
  if (error_number == EADDRINUSE) error.kind = ErrorKind::conflict;
  return {std::move(error)};
}

enum class Sharing : std::uint8_t { with_nobody, among_reactors };

/// A descriptor bound to `at`, which is the caller's.
Result<int> bound_to(const types::Endpoint& at, Sharing sharing) {
  const SocketAddress address(at);
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return could_not_listen(at, errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // ended connections are no hindrance
  if (sharing == Sharing::among_reactors) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address.family() == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd, address.get(), address.length) == 0) return fd;
  const int error_number = errno;
  ::close(fd);
  return could_not_listen(at, error_number);
}

}  // namespace

Result<Listener> Listener::open(Executor executor, types::Endpoint at) {
  TRY(const int fd, bound_to(at, Sharing::among_reactors));
  Socket socket(executor, fd);
  if (::listen(fd, SOMAXCONN) != 0) return could_not_listen(at, errno);
  socket.never_expires();
  return Listener(std::move(socket), local_endpoint(fd));
}

Result<void> Listener::check_free(types::Endpoint at) {
  TRY(const int fd, bound_to(at, Sharing::with_nobody));
  ::close(fd);
  return {};
}

Task<Result<Accepted>> Listener::accept() {
  while (true) {
    SocketAddress peer;
    const int fd = ::accept4(socket_.descriptor(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      co_return Accepted{Socket(socket_.executor(), fd), peer.endpoint(), local_endpoint(fd)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      CO_TRY_VOID(co_await socket_.readable());
    } else if (errno != ECONNABORTED && errno != EINTR && errno != EPROTO) {
      co_return Failure{socket_error("accept on " + local_.to_string(), errno)};
    }
  }
}

}  // namespace danewerk::io
