// One port, two groups of hosts with keys of their own: who is shown what, and whose session is resumed by whom.
#include "io/tls/context_by_name.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/tls/certificate.h"
#include "io/tls/connection.h"
#include "io/tls/self_issue.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

struct KeyPair {
  std::string pem = *generate_key(KeyAlgorithm::ecdsa_p256);
  ServerIdentity identity() const {
    const Instant from = *parse_rfc3339("2026-01-01T00:00:00Z");
    return {pem, *self_issue(pem, {*types::DomainName::parse("*.mx.example")}, from, from + 24h * 365)};
  }
};

struct Seen {
  bool shook_hands = false;
  bool resumed = false;
  std::string server_fault;
  Bytes key;
  TlsTicket ticket;
};

/// A server of the default group's key, and one for hosts of "pilot".
struct Port {
  std::shared_ptr<const ServerContext> whole = *ServerContext::make({KeyPair().identity()});
  std::shared_ptr<const ServerContext> pilot = *ServerContext::make({KeyPair().identity()}, "pilot");
  ContextByName by_name = [this](std::string_view name) {
    return name.ends_with(".pilot.mx.example") ? std::optional(pilot) : std::nullopt;
  };
};

Task<> serve(Connection& connection, const Port& port, std::string& fault) {
  connection.expires_after(60s);
  const auto info = co_await connection.accept_tls(port.whole, &port.by_name);
  if (!info) {
    fault = info.error().what;
    connection.shutdown();
    co_return;
  }
  std::array<char, 16> buffer{};
  const auto got = co_await connection.read_some(buffer);
  if (got && *got > 0) {
    const std::string_view back(buffer.data(), *got);
    const auto sent = co_await connection.write_all(back);
    EXPECT_TRUE(sent.has_value());
  }
  connection.shutdown();
}

Task<Seen> visit(const Port& port, std::string name, TlsTicket offered, int version) {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  const Executor executor = co_await this_executor();
  Connection client(Socket(executor, fds[0]));
  Connection server(Socket(executor, fds[1]));
  TaskGroup group(executor, "test");
  Seen seen;
  group.spawn("server", serve(server, port, seen.server_fault));
  client.expires_after(60s);
  const auto context = *ClientContext::make();
  SSL_CTX_set_max_proto_version(context->get(), version);
  const auto info = co_await client.start_tls(context, name, offered);
  seen.shook_hands = info.has_value();
  if (info) {
    seen.resumed = info->resumed;
    std::array<char, 16> buffer{};
    EXPECT_TRUE((co_await client.write_all("x")).has_value());
    EXPECT_TRUE((co_await client.read_some(buffer)).has_value());
    seen.ticket = client.ticket();
    const auto chain = tls::describe_chain(client.peer_certificates());
    if (!chain.empty()) seen.key = chain.front().spki;
  }
  client.shutdown();
  co_await group.join();
  co_return seen;
}

Task<> groups(int version) {
  Port port;
  const std::string other = "a.other.mx.example", another = "b.other.mx.example", pilot = "A.Pilot.mx.example", pilot_too = "b.pilot.mx.example";
  const Seen first = co_await visit(port, other, nullptr, version);
  const Seen without = co_await visit(port, "", nullptr, version);
  const Seen piloted = co_await visit(port, pilot, nullptr, version);
  EXPECT_TRUE(first.shook_hands && without.shook_hands && piloted.shook_hands);
  EXPECT_EQ(first.key, without.key) << "no name: the default group";
  EXPECT_NE(first.key, piloted.key);
  EXPECT_FALSE(first.resumed || piloted.resumed);
  EXPECT_TRUE(first.ticket != nullptr && piloted.ticket != nullptr);

  // RFC 6066 3: a session of one group's hosts is none of another's
  EXPECT_TRUE((co_await visit(port, another, first.ticket, version)).resumed);
  const Seen stray = co_await visit(port, pilot, first.ticket, version);
  EXPECT_TRUE(stray.shook_hands && !stray.resumed);
  EXPECT_EQ(stray.key, piloted.key);
  const Seen back = co_await visit(port, other, piloted.ticket, version);
  EXPECT_TRUE(back.shook_hands && !back.resumed);
  EXPECT_EQ(back.key, first.key);
  const Seen again = co_await visit(port, pilot_too, stray.ticket, version);
  EXPECT_TRUE(again.resumed) << "a group's own sessions go on";

  // A group's key changes: sessions of the old one end, the other group's do not (RFC 9325 3.4).
  port.pilot = *ServerContext::make({KeyPair().identity()}, "pilot");
  const Seen changed = co_await visit(port, pilot, again.ticket, version);
  EXPECT_TRUE(changed.shook_hands && !changed.resumed);
  EXPECT_NE(changed.key, piloted.key);
  EXPECT_TRUE((co_await visit(port, other, back.ticket, version)).resumed);
}

TEST(ContextByName, each_group_has_its_key_and_its_sessions) { run_to_end(groups(TLS1_3_VERSION)); }          // RFC 6066 3, RFC 8446 4.2.11
TEST(ContextByName, each_group_has_its_key_and_its_sessions_with_tls_1_2) { run_to_end(groups(TLS1_2_VERSION)); }  // RFC 6066 3, RFC 5077

Task<> copies() {
  Port port;
  const KeyPair key;
  const ServerIdentity identity = key.identity();
  port.whole = *ServerContext::make({identity});
  port.pilot = *ServerContext::make({identity}, "pilot");
  const Seen piloted = co_await visit(port, "a.pilot.mx.example", nullptr, TLS1_3_VERSION);
  const Seen other = co_await visit(port, "a.other.mx.example", piloted.ticket, TLS1_3_VERSION);
  EXPECT_EQ(other.key, piloted.key);
  EXPECT_FALSE(other.resumed) << "although both show the same key";
}

TEST(ContextByName, sessions_are_apart_where_keys_are_not) { run_to_end(copies()); }

Task<> not_yet() {
  Port port;
  port.pilot = nullptr;
  const Seen refused = co_await visit(port, "a.pilot.mx.example", nullptr, TLS1_3_VERSION);
  EXPECT_FALSE(refused.shook_hands);
  EXPECT_EQ(refused.server_fault, "TLS handshake: no certificate may be served yet for a.pilot.mx.example");
  EXPECT_TRUE((co_await visit(port, "a.other.mx.example", nullptr, TLS1_3_VERSION)).shook_hands);
}

TEST(ContextByName, refuses_a_name_rather_than_show_another_groups_key) { run_to_end(not_yet()); }  // PUB-01

}  // namespace
}  // namespace danewerk::io
