#include "io/net/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace danewerk::io {
namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(ErrorKind::limit, path + ": too long a path for a socket");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Failure<Error> could_not(const std::string& doing, int error_number) {
  Error error = socket_error(doing, error_number);
  if (error_number == EACCES || error_number == EPERM) error.kind = ErrorKind::denied;
  return {std::move(error)};
}

}  // namespace

Result<LocalListener> LocalListener::open(Executor executor, const std::string& path) {
  TRY(const sockaddr_un address, address_of(path));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return could_not("socket " + path, errno);
  Socket socket(executor, fd);
  ::unlink(path.c_str());
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     ::chmod(path.c_str(), 0660) == 0 && ::listen(fd, SOMAXCONN) == 0;
  if (!bound) return could_not("listen on " + path, errno);
  socket.never_expires();
  return LocalListener(std::move(socket));
}

Task<Result<LocalPeer>> LocalListener::accept() {
  while (true) {
    const int fd = ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      ucred who{};
      socklen_t size = sizeof who;
      ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
      co_return LocalPeer{Socket(socket_.executor(), fd), who.uid};
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) co_return could_not("accept", errno);
    CO_TRY_VOID(co_await socket_.readable());
  }
}

Result<int> connect_local(const std::string& path) {
  TRY(const sockaddr_un address, address_of(path));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return could_not("socket", errno);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error_number = errno;
  ::close(fd);
  return could_not("connect to " + path, error_number);
}

}  // namespace danewerk::io
