#include <gtest/gtest.h>

#include <sys/socket.h>

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
  connection.expires_after(60s);
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
  pair.client.expires_after(60s);
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
  pair.client.expires_after(60s);
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
  pair.client.expires_after(60s);
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
