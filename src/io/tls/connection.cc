#include "io/tls/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "io/tls/by_name.h"
#include "io/tls/handshake_flood.h"

namespace danewerk::io {
namespace {

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == EINTR; }

Failure<Error> peer_gone(const char* doing, int error_number) {
  if (error_number == 0) return fail(ErrorKind::unavailable, std::string(doing) + ": the peer closed the connection");
  return {socket_error(doing, error_number)};
}

}  // namespace

/// Freed without this, OpenSSL takes a connection that ended without close_notify for a truncated one and marks its session as
/// not to be resumed (an old rule of TLS 1.0). What was wrong with a session is known from fatal alerts, which mark it as well.
void Connection::FreeTls::operator()(ssl_st* tls) const noexcept {
  SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(tls);
}

Duration lifetime(const TlsTicket& ticket) {
  constexpr Duration longest = std::chrono::hours(24);
  if (!ticket || SSL_SESSION_is_resumable(ticket.get()) != 1) return Duration::zero();
  const unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(ticket.get());
  // TLS 1.2 leaves 0 to the client (RFC 5077 3.3); in TLS 1.3 it means: throw it away.
  const bool unsaid = hint == 0 && SSL_SESSION_get_protocol_version(ticket.get()) < TLS1_3_VERSION;
  return std::min(longest, Duration(std::chrono::seconds(unsaid ? 3600 : hint)));
}

Connection::Connection(Socket socket) : socket_(std::move(socket)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Task<Result<void>> Connection::wait_for_tls(int want) {
  return want == SSL_ERROR_WANT_WRITE ? socket_.writable() : socket_.readable();
}

/// One try; `want` says what to wait for where nothing came, and is 0 otherwise.
Result<std::size_t> Connection::try_read(std::span<char> into, int& want) {
  want = 0;
  if (!tls_) {
    const ssize_t n = ::recv(socket_.descriptor(), into.data(), into.size(), 0);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (!would_block(errno)) return peer_gone("read", errno);
    want = SSL_ERROR_WANT_READ;
    return std::size_t{0};
  }
  ERR_clear_error();
  std::size_t n = 0;
  if (SSL_read_ex(tls_.get(), into.data(), into.size(), &n) == 1) return n;
  const int error_number = errno;
  const int error = SSL_get_error(tls_.get(), 0);
  if (floods_with_handshakes(tls_.get())) {
    return fail(ErrorKind::unavailable, "read: the peer began more than " + std::to_string(most_handshakes_after_the_handshake) +
                                            " handshakes within the connection (key updates, tickets, renegotiation)");
  }
  if (error == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
  if (error == SSL_ERROR_SYSCALL) return peer_gone("read", error_number);
  if (error == SSL_ERROR_SSL) {
    // OpenSSL numbers what the peer's alerts say from this on.
    const ErrorKind kind = ERR_GET_REASON(ERR_peek_last_error()) >= SSL_AD_REASON_OFFSET ? ErrorKind::refused : ErrorKind::unavailable;
    return fail(kind, "read: " + tls_error_text("TLS failure"));
  }
  want = error;
  return std::size_t{0};
}

Task<Result<std::size_t>> Connection::read_some(std::span<char> into) {
  while (true) {
    int want = 0;
    auto got = try_read(into, want);
    if (want == 0) co_return got;
    CO_TRY_VOID(co_await wait_for_tls(want));
  }
}

Result<std::optional<std::size_t>> Connection::read_now(std::span<char> into) {
  int want = 0;
  TRY(const std::size_t got, try_read(into, want));
  return want == 0 ? std::optional(got) : std::nullopt;
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

Task<Result<TlsInfo>> Connection::accept_tls(std::shared_ptr<const ServerContext> context, const ContextByName* by_name) {
  CHECK(!tls_);
  tls_.reset(SSL_new(context->get()));
  if (!tls_ || SSL_set_fd(tls_.get(), socket_.descriptor()) != 1) co_return fail(ErrorKind::internal, tls_error_text("SSL_new"));
  SSL_set_accept_state(tls_.get());
  if (by_name == nullptr || !*by_name) co_return co_await handshake();
  ContextChoice choice(*by_name);
  choice.attach(tls_.get());
  auto info = co_await handshake();
  if (!info && choice.refused()) co_return fail(ErrorKind::refused, "TLS handshake: no certificate may be served yet for " + *choice.refused());
  co_return info;
}

Task<Result<TlsInfo>> Connection::start_tls(std::shared_ptr<const ClientContext> context, std::string server_name, TlsTicket offered) {
  CHECK(!tls_);
  tls_.reset(SSL_new(context->get()));
  if (!tls_ || SSL_set_fd(tls_.get(), socket_.descriptor()) != 1) co_return fail(ErrorKind::internal, tls_error_text("SSL_new"));
  if (!server_name.empty()) SSL_set_tlsext_host_name(tls_.get(), server_name.c_str());
  if (offered && SSL_set_session(tls_.get(), offered.get()) != 1) ERR_clear_error();  // of another version: a full handshake
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
    if (want == SSL_ERROR_WANT_CLIENT_HELLO_CB) {
      CO_TRY_VOID(co_await choose_identity(tls_.get()));
      continue;
    }
    CO_TRY_VOID(co_await wait_for_tls(want));
  }
  TlsInfo info;
  info.version = SSL_get_version(tls_.get());
  info.cipher = SSL_get_cipher_name(tls_.get());
  info.resumed = SSL_session_reused(tls_.get()) == 1;
  if (const char* name = SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name)) info.server_name = name;
  co_return info;
}

TlsTicket Connection::ticket() const {
  if (!tls_ || SSL_is_server(tls_.get())) return nullptr;
  const SSL_SESSION* held = SSL_get_session(tls_.get());
  if (held == nullptr || SSL_SESSION_is_resumable(held) != 1) return nullptr;
  return {SSL_get1_session(tls_.get()), &SSL_SESSION_free};
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
