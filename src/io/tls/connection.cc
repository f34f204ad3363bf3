#include "io/tls/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

namespace danewerk::io {
namespace {

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR; }

Failure<Error> peer_gone(const char* doing, int error_number) {
  if (error_number == 0) return fail(ErrorKind::unavailable, std::string(doing) + ": the peer closed the connection");
  return {socket_error(doing, error_number)};
}

}  // namespace

void Connection::FreeTls::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

Connection::Connection(Socket socket) : socket_(std::move(socket)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Task<Result<void>> Connection::wait_for_tls(int want) {
  return want == SSL_ERROR_WANT_WRITE ? socket_.writable() : socket_.readable();
}

Task<Result<std::size_t>> Connection::read_some(std::span<char> into) {
  while (true) {
    if (!tls_) {
      const ssize_t n = ::recv(socket_.descriptor(), into.data(), into.size(), 0);
      if (n >= 0) co_return static_cast<std::size_t>(n);
      if (!would_block(errno)) co_return peer_gone("read", errno);
      CO_TRY_VOID(co_await socket_.readable());
      continue;
    }
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_read_ex(tls_.get(), into.data(), into.size(), &n) == 1) co_return n;
    const int error_number = errno;
    const int want = SSL_get_error(tls_.get(), 0);
    if (want == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    if (want == SSL_ERROR_SYSCALL) co_return peer_gone("read", error_number);
    if (want == SSL_ERROR_SSL) co_return fail(ErrorKind::unavailable, "read: " + tls_error_text("TLS failure"));
    CO_TRY_VOID(co_await wait_for_tls(want));
  }
}

Task<Result<void>> Connection::write_all(std::string_view data) {
  while (!data.empty()) {
    if (!tls_) {
      const ssize_t n = ::send(socket_.descriptor(), data.data(), data.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        data.remove_prefix(static_cast<std::size_t>(n));
        continue;
      }
      if (!would_block(errno)) co_return peer_gone("write", errno);
      CO_TRY_VOID(co_await socket_.writable());
      continue;
    }
    ERR_clear_error();
    std::size_t n = 0;
    if (SSL_write_ex(tls_.get(), data.data(), data.size(), &n) == 1) {
      data.remove_prefix(n);
      continue;
    }
    const int error_number = errno;
    const int want = SSL_get_error(tls_.get(), 0);
    if (want == SSL_ERROR_SYSCALL || want == SSL_ERROR_ZERO_RETURN) co_return peer_gone("write", error_number);
    if (want == SSL_ERROR_SSL) co_return fail(ErrorKind::unavailable, "write: " + tls_error_text("TLS failure"));
    CO_TRY_VOID(co_await wait_for_tls(want));
  }
  co_return Result<void>{};
}

Task<Result<TlsInfo>> Connection::accept_tls(std::shared_ptr<const ServerContext> context) {
  CHECK(!tls_);
  tls_.reset(SSL_new(context->get()));
  if (!tls_ || SSL_set_fd(tls_.get(), socket_.descriptor()) != 1) co_return fail(ErrorKind::internal, tls_error_text("SSL_new"));
  SSL_set_accept_state(tls_.get());
  co_return co_await handshake();
}

Task<Result<TlsInfo>> Connection::start_tls(std::shared_ptr<const ClientContext> context, std::string server_name) {
  CHECK(!tls_);
  tls_.reset(SSL_new(context->get()));
  if (!tls_ || SSL_set_fd(tls_.get(), socket_.descriptor()) != 1) co_return fail(ErrorKind::internal, tls_error_text("SSL_new"));
  if (!server_name.empty()) SSL_set_tlsext_host_name(tls_.get(), server_name.c_str());
  SSL_set_connect_state(tls_.get());
  co_return co_await handshake();
}

Task<Result<TlsInfo>> Connection::handshake() {
  while (true) {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls_.get());
    const int error_number = errno;
    if (done == 1) break;
    const int want = SSL_get_error(tls_.get(), done);
    if (want == SSL_ERROR_SSL) co_return fail(ErrorKind::refused, "TLS handshake: " + tls_error_text("protocol failure"));
    if (want == SSL_ERROR_SYSCALL || want == SSL_ERROR_ZERO_RETURN) co_return peer_gone("TLS handshake", error_number);
    CO_TRY_VOID(co_await wait_for_tls(want));
  }
  TlsInfo info;
  info.version = SSL_get_version(tls_.get());
  info.cipher = SSL_get_cipher_name(tls_.get());
  info.resumed = SSL_session_reused(tls_.get()) == 1;
  if (const char* name = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name)) info.server_name = name;
  co_return info;
}

const ::stack_st_X509* Connection::peer_certificates() const noexcept {
  return tls_ && !SSL_is_server(tls_.get()) ? SSL_get_peer_cert_chain(tls_.get()) : nullptr;
}

void Connection::shutdown() noexcept {
  if (!socket_.is_open()) return;
  if (tls_ && SSL_is_init_finished(tls_.get())) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  socket_.close();
}

}  // namespace danewerk::io
