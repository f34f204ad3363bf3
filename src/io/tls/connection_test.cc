#include <gtest/gtest.h>

#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/tls/connection.h"
#include "io/tls/self_issue.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const ServerContext> server_context(KeyAlgorithm algorithm) {
  const std::string key = *generate_key(algorithm);
  const Instant now = *parse_rfc3339("2026-01-01T00:00:00Z");
  const std::string certificate = *self_issue(key, {*types::DomainName::parse("*.mx.example")}, now, now + 24h * 365);
  auto context = ServerContext::make({{key, certificate}});
  EXPECT_TRUE(context.has_value());
  return *context;
}

struct Pair {
  Connection client;
  Connection server;
};

Pair connected(Executor executor) {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  return {Connection(Socket(executor, fds[0])), Connection(Socket(executor, fds[1]))};
}

/// Handshakes, then sends everything that comes back to the client until it ends.
Task<> echo_server(Connection& connection, std::shared_ptr<const ServerContext> context, Result<TlsInfo>& info) {
  connection.expires_after(10s);
  info = co_await connection.accept_tls(std::move(context));
  std::vector<char> buffer(8192);
  while (info) {
    auto n = co_await connection.read_some(buffer);
    if (!n || *n == 0) break;
    const std::string_view echoed(buffer.data(), *n);
    auto written = co_await connection.write_all(echoed);
    EXPECT_TRUE(written.has_value());
  }
  connection.shutdown();
}

Task<> echo(KeyAlgorithm algorithm) {
  Pair pair = connected(co_await this_executor());
  TaskGroup group(co_await this_executor(), "test");
  Result<TlsInfo> server_info = TlsInfo{};
  group.spawn("server", echo_server(pair.server, server_context(algorithm), server_info));
  pair.client.expires_after(10s);
  auto info = co_await pair.client.start_tls(*ClientContext::make(), "a.mx.example", nullptr);
  EXPECT_TRUE(info.has_value());
  EXPECT_EQ(info->version, "TLSv1.3");
  EXPECT_NE(pair.client.peer_certificates(), nullptr);
  EXPECT_EQ(pair.server.peer_certificates(), nullptr);
  const std::string sent(100'000, 'x');
  std::string got;
  std::vector<char> buffer(4096);
  for (std::size_t at = 0; at < sent.size(); at += 10'000) {
    EXPECT_TRUE((co_await pair.client.write_all(std::string_view(sent).substr(at, 10'000))).has_value());
    while (got.size() < at + 10'000) {
      auto n = co_await pair.client.read_some(buffer);
      if (!n || *n == 0) break;
      got.append(buffer.data(), *n);
    }
  }
  EXPECT_EQ(got, sent);
  pair.client.shutdown();
  co_await group.join();
  EXPECT_EQ(server_info->server_name, "a.mx.example");
}

TEST(Connection, encrypts_with_either_key_algorithm) {
  run_to_end(echo(KeyAlgorithm::ecdsa_p256));
  run_to_end(echo(KeyAlgorithm::rsa_2048));
}

Task<> clear_text_in_a_handshake() {
  Pair pair = connected(co_await this_executor());
  EXPECT_TRUE((co_await pair.server.write_all("250-REQUIRETLS\r\n")).has_value());
  pair.client.expires_after(10s);
  auto info = co_await pair.client.start_tls(*ClientContext::make(), "mx.example", nullptr);
  EXPECT_EQ(info.error().kind, ErrorKind::refused);
}

TEST(Connection, octets_sent_in_clear_break_the_handshake) { run_to_end(clear_text_in_a_handshake()); }

Task<> silent_peer() {
  Pair pair = connected(co_await this_executor());
  pair.client.expires_after(3ms);
  auto info = co_await pair.client.start_tls(*ClientContext::make(), "mx.example", nullptr);
  EXPECT_EQ(info.error().kind, ErrorKind::timeout);
}

TEST(Connection, a_silent_peer_meets_the_deadline) { run_to_end(silent_peer()); }

/// A peer of OpenSSL's own, blocking, on a thread: it can do what Connection never does. `misbehave` says whether to go on.
class Rude {
 public:
  Rude(const SSL_METHOD* method, int version, std::function<bool(SSL*)> misbehave) : method_(method), version_(version), misbehave_(std::move(misbehave)) {}
  void start(int descriptor) {
    thread_ = std::thread([this, descriptor] { run(descriptor); });
  }
  ~Rude() { thread_.join(); }

 private:
  void run(int descriptor) const {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a socket that may be closed
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(method_), &SSL_CTX_free);
    SSL_CTX_set_max_proto_version(context.get(), version_);
    const std::string key = *generate_key(KeyAlgorithm::ecdsa_p256);
    const Instant now = *parse_rfc3339("2026-01-01T00:00:00Z");
    const auto identity = ServerContext::make({{key, *self_issue(key, {*types::DomainName::parse("mx.example")}, now, now + 24h)}});
    SSL_CTX_use_certificate(context.get(), SSL_CTX_get0_certificate((*identity)->get()));
    SSL_CTX_use_PrivateKey(context.get(), SSL_CTX_get0_privatekey((*identity)->get()));
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(tls.get(), descriptor);
    const bool is_server = SSL_is_server(tls.get()) == 1;
    if ((is_server ? SSL_accept(tls.get()) : SSL_connect(tls.get())) == 1) {
      for (int i = 0; i < 2'000 && misbehave_(tls.get()); ++i) {}
    }
    close(descriptor);
  }

  const SSL_METHOD* method_;
  int version_;
  std::function<bool(SSL*)> misbehave_;
  std::thread thread_;
};

/// What a read says at last. One that never ends shows as the test's own deadline.
Task<> read_to_the_end(bool as_server, Rude& rude, std::string& said) {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  Connection ours(Socket(co_await this_executor(), fds[0]));
  rude.start(fds[1]);
  ours.expires_after(60s);
  Result<TlsInfo> info = TlsInfo{};
  const auto own = server_context(KeyAlgorithm::ecdsa_p256);
  const auto client = *ClientContext::make();
  if (as_server) {
    info = co_await ours.accept_tls(own);
  } else {
    info = co_await ours.start_tls(client, "mx.example", nullptr);
  }
  EXPECT_TRUE(info.has_value());
  std::vector<char> buffer(64);
  auto got = co_await ours.read_some(buffer);
  said = got ? std::string(buffer.data(), *got) : got.error().what;
}

// TLS-03; conformance: renegotiation and KeyUpdate floods. Without a bound such a read lasts as long as the flood.
TEST(Connection, a_flood_of_key_updates_ends_it) {
  for (const int wanted : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    Rude rude(TLS_client_method(), TLS1_3_VERSION, [wanted](SSL* tls) { return SSL_key_update(tls, wanted) == 1 && SSL_do_handshake(tls) == 1; });
    std::string said;
    run_to_end(read_to_the_end(true, rude, said));
    EXPECT_NE(said.find("more than 32 handshakes"), std::string::npos) << said;
  }
}

TEST(Connection, a_flood_of_tickets_ends_it) {
  Rude rude(TLS_server_method(), TLS1_3_VERSION, [](SSL* tls) { return SSL_new_session_ticket(tls) == 1 && SSL_do_handshake(tls) == 1; });
  std::string said;
  run_to_end(read_to_the_end(false, rude, said));
  EXPECT_NE(said.find("more than 32 handshakes"), std::string::npos) << said;
}

TEST(Connection, an_honest_key_update_disturbs_nobody) {
  Rude rude(TLS_client_method(), TLS1_3_VERSION, [](SSL* tls) {
    EXPECT_EQ(SSL_key_update(tls, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    EXPECT_EQ(SSL_write(tls, "under a new key", 15), 15);
    return false;
  });
  std::string said;
  run_to_end(read_to_the_end(true, rude, said));
  EXPECT_EQ(said, "under a new key");
}

TEST(Connection, renegotiation_is_refused) {
  bool begun_anew = true;
  {
    Rude rude(TLS_client_method(), TLS1_2_VERSION, [&begun_anew](SSL* tls) {
      EXPECT_EQ(SSL_get_secure_renegotiation_support(tls), 1) << "RFC 5746";
      EXPECT_EQ(SSL_get_extms_support(tls), 1) << "RFC 7627";
      EXPECT_EQ(SSL_get_current_compression(tls), nullptr);
      begun_anew = SSL_renegotiate(tls) == 1 && SSL_do_handshake(tls) == 1;
      return false;
    });
    std::string said;
    run_to_end(read_to_the_end(true, rude, said));
  }  // the peer has done what it wanted
  EXPECT_FALSE(begun_anew);
}

Task<> one_octet(Connection& client) {
  std::vector<char> buffer(16);
  EXPECT_TRUE((co_await client.write_all("x")).has_value());
  auto got = co_await client.read_some(buffer);
  EXPECT_TRUE(got.has_value());
}

/// Connects with `offered`; returns what the handshake came to and leaves the next ticket in `ticket`.
Task<TlsInfo> visit(std::shared_ptr<const ServerContext> context, TlsTicket offered, TlsTicket& ticket, std::size_t& certificates) {
  Pair pair = connected(co_await this_executor());
  TaskGroup group(co_await this_executor(), "test");
  Result<TlsInfo> server_info = TlsInfo{};
  group.spawn("server", echo_server(pair.server, context, server_info));
  pair.client.expires_after(10s);
  auto info = co_await pair.client.start_tls(*ClientContext::make(), "a.mx.example", offered);
  EXPECT_TRUE(info.has_value());
  EXPECT_EQ(pair.client.read_now(std::span<char>{}).value_or(std::nullopt), std::nullopt) << "tickets are no octets";
  co_await one_octet(pair.client);
  ticket = pair.client.ticket();
  certificates = pair.client.peer_certificates() != nullptr ? 1 : 0;
  pair.client.shutdown();
  co_await group.join();
  co_return *info;
}

// RFC 8446 2.2: a session of an earlier connection, with the certificates of that connection; TLS-04
Task<> resumes() {
  const auto context = server_context(KeyAlgorithm::ecdsa_p256);
  TlsTicket first;
  TlsTicket second;
  std::size_t certificates = 0;
  const TlsInfo fresh = co_await visit(context, nullptr, first, certificates);
  EXPECT_FALSE(fresh.resumed);
  EXPECT_TRUE(first != nullptr);
  EXPECT_GT(lifetime(first), Duration::zero());
  const TlsInfo again = co_await visit(context, first, second, certificates);
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(certificates, 1U) << "what was verified then is there to be judged again";
  EXPECT_NE(first, second) << "a resumed connection brings a ticket of its own";
  const TlsInfo third = co_await visit(context, second, first, certificates);
  EXPECT_TRUE(third.resumed);
  const TlsInfo elsewhere = co_await visit(server_context(KeyAlgorithm::rsa_2048), second, first, certificates);
  EXPECT_FALSE(elsewhere.resumed) << "a server that does not know it shakes hands in full";
}

TEST(Connection, resumes_a_session_and_keeps_its_certificates) { run_to_end(resumes()); }

TEST(Connection, no_ticket_lives_no_time) { EXPECT_EQ(lifetime(nullptr), Duration::zero()); }

TEST(ServerContext, says_which_identity_is_wrong) {
  const std::string key = *generate_key(KeyAlgorithm::ecdsa_p256);
  const std::string other = *generate_key(KeyAlgorithm::ecdsa_p256);
  const Instant now = *parse_rfc3339("2026-01-01T00:00:00Z");
  const std::string certificate = *self_issue(key, {*types::DomainName::parse("mx.example")}, now, now + 24h);
  const auto swapped = ServerContext::make({{key, certificate}, {other, certificate}});
  EXPECT_NE(swapped.error().what.find("identity 2"), std::string::npos) << swapped.error().what;
  EXPECT_FALSE(ServerContext::make({{"junk", certificate}}));
  EXPECT_FALSE(ServerContext::make({{key, "junk"}}));
  EXPECT_FALSE(ServerContext::make({}));
}

}  // namespace
}  // namespace danewerk::io
