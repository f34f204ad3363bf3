#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace danewerk::bench {

namespace {

constexpr std::size_t chunk_size = 64 * 1024;
thread_local std::array<char, chunk_size> chunk;

// Fills `storage` from a numeric address; 0 if it is none.
socklen_t socket_address(const std::string& address, unsigned short port, sockaddr_storage& storage) {
  std::memset(&storage, 0, sizeof storage);
  auto* four = reinterpret_cast<sockaddr_in*>(&storage);
  if (inet_pton(AF_INET, address.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    return sizeof *four;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    return sizeof *six;
  }
  return 0;
}

}  // namespace

Link::Link(int descriptor) : descriptor_(descriptor) {
  const int yes = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

Link::~Link() {
  ssl_.reset();
  close(descriptor_);
}

LinkState Link::after_ssl(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  wants_write_ = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return LinkState::again;
  ERR_clear_error();
  return error == SSL_ERROR_ZERO_RETURN ? LinkState::closed : LinkState::failed;
}

Link::Chunk Link::read() {
  if (ssl_) {
    const int got = SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size()));
    if (got > 0) return {LinkState::ready, {chunk.data(), static_cast<std::size_t>(got)}};
    return {after_ssl(got), {}};
  }
  for (;;) {
    const ssize_t got = recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (got > 0) return {LinkState::ready, {chunk.data(), static_cast<std::size_t>(got)}};
    if (got == 0) return {LinkState::closed, {}};
    if (errno == EINTR) continue;
    return {errno == EAGAIN ? LinkState::again : LinkState::failed, {}};
  }
}

bool Link::has_buffered_input() const { return ssl_ && SSL_has_pending(ssl_.get()) == 1; }

void Link::forget_sent() {
  output_.clear();
  sent_ = 0;
}

LinkState Link::flush() {
  while (sent_ < output_.size()) {
    const char* from = output_.data() + sent_;
    const std::size_t left = output_.size() - sent_;
    if (ssl_) {
      const int put = SSL_write(ssl_.get(), from, static_cast<int>(left));
      if (put <= 0) return after_ssl(put);
      sent_ += static_cast<std::size_t>(put);
      continue;
    }
    const ssize_t put = send(descriptor_, from, left, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      wants_write_ = errno == EAGAIN;
      return wants_write_ ? LinkState::again : LinkState::failed;
    }
    sent_ += static_cast<std::size_t>(put);
  }
  wants_write_ = false;
  forget_sent();
  return LinkState::ready;
}

void Link::start_tls(SSL_CTX* context, TlsRole role, SSL_SESSION* resume, const char* server_name) {
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), descriptor_);
  if (role == TlsRole::server) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  if (server_name != nullptr && *server_name != '\0') SSL_set_tlsext_host_name(ssl_.get(), server_name);
  if (resume != nullptr) SSL_set_session(ssl_.get(), resume);
}

LinkState Link::handshake() {
  const int done = SSL_do_handshake(ssl_.get());
  if (done != 1) return after_ssl(done);
  wants_write_ = false;
  return LinkState::ready;
}

void Link::end_tls() {
  if (ssl_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Link::acknowledge_now() const {
  const int yes = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

int connect_to(const std::string& address, unsigned short port, const std::string& source) {
  sockaddr_storage target;
  const socklen_t length = socket_address(address, port, target);
  const int descriptor = socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  sockaddr_storage local;
  const socklen_t local_length = source.empty() ? 0 : socket_address(source, 0, local);
  if (local_length != 0) {
    const int yes = 1;
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  }
  const bool bound = local_length == 0 || bind(descriptor, reinterpret_cast<sockaddr*>(&local), local_length) == 0;
  if (bound && (connect(descriptor, reinterpret_cast<sockaddr*>(&target), length) == 0 || errno == EINPROGRESS)) {
    return descriptor;
  }
  const int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

}  // namespace danewerk::bench
