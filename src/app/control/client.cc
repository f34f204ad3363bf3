#include "app/control/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "io/net/local_socket.h"

namespace danewerk::app {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

bool send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool send_body(int fd, std::istream& body, std::uint64_t size) {
  std::vector<char> buffer(65536);
  while (size > 0) {
    body.read(buffer.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(buffer.size(), size)));
    const auto got = static_cast<std::size_t>(body.gcount());
    if (got == 0 || !send_all(fd, {buffer.data(), got})) return false;
    size -= got;
  }
  return true;
}

}  // namespace

Result<Json> call(const std::string& socket_path, const Request& request, std::istream* body) {
  auto connected = io::connect_local(socket_path);
  if (!connected) {
    return fail(connected.error().kind, connected.error().what + "; is `danewerk serve` running with this configuration?");
  }
  const Descriptor socket(*connected);
  const bool sent = send_all(socket.get(), to_line(request)) && (!body || send_body(socket.get(), *body, request.body));
  std::string answer;
  std::vector<char> buffer(65536);
  for (ssize_t n = 0; (n = ::recv(socket.get(), buffer.data(), buffer.size(), 0)) > 0;) answer.append(buffer.data(), static_cast<std::size_t>(n));
  if (answer.empty()) {
    return fail(ErrorKind::unavailable, sent ? "the running program closed the connection without an answer" : "the request could not be sent");
  }
  return parse_answer(answer);
}

}  // namespace danewerk::app
