// The certificate follows the name; a name nobody knows ends the handshake.
#include "io/tls/by_name.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <map>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_openssl.h"
#include "io/tls/connection.h"
#include "io/tls/self_issue.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const LoadedIdentity> identity_for(const std::string& name) {
  const std::string key = *generate_key(KeyAlgorithm::ecdsa_p256);
  const Instant now = *parse_rfc3339("2026-11-01T00:00:00Z");
  const std::string chain = *self_issue(key, {*types::DomainName::parse(name)}, now, now + 24h * 90);
  const auto loaded = LoadedIdentity::load({key, chain});
  EXPECT_TRUE(loaded.has_value());
  return *loaded;
}

struct Shelf {
  std::map<std::string, std::shared_ptr<const LoadedIdentity>> identities;
  std::vector<std::string> asked;
};

/// A moment later, as from a store.
Task<std::shared_ptr<const LoadedIdentity>> take(Shelf& shelf, std::string name) {
  Timer pause(co_await this_executor());
  pause.expires_after(1ms);
  auto [error] = co_await pause.async_wait(quiet);
  static_cast<void>(error);
  shelf.asked.push_back(name);
  const auto found = shelf.identities.find(name);
  std::shared_ptr<const LoadedIdentity> none;
  co_return found == shelf.identities.end() ? none : found->second;
}

Task<> serve(Connection& connection, Shelf& shelf, Result<TlsInfo>& info) {
  connection.expires_after(60s);
  const ChooseIdentity choose = [&shelf](std::string name) { return take(shelf, std::move(name)); };
  auto context = *server_by_name(choose);
  info = co_await connection.accept_tls(std::move(context));
  if (!info) connection.shutdown();
}

struct Shaken {
  Result<TlsInfo> server = TlsInfo{};
  Result<TlsInfo> client = TlsInfo{};
  std::string shown;  ///< the first name of the certificate the client saw
};

Task<> shake(std::string server_name, Shelf& shelf, Shaken& out) {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  const Executor executor = co_await this_executor();
  Connection client(Socket(executor, fds[0]));
  Connection server(Socket(executor, fds[1]));
  TaskGroup group(executor, "test");
  group.spawn("server", serve(server, shelf, out.server));
  client.expires_after(60s);
  auto context = *ClientContext::make();
  out.client = co_await client.start_tls(std::move(context), std::move(server_name), nullptr);
  co_await group.join();
  if (!out.server) co_return;
  const auto* chain = client.peer_certificates();
  const auto info = tls::describe_certificate(sk_X509_value(chain, 0));
  if (!info.dns_names.empty()) out.shown = info.dns_names.front();
}

Shaken shaken(std::string name, Shelf& shelf) {
  Shaken out;
  run_to_end(shake(std::move(name), shelf, out));
  return out;
}

TEST(ByName, each_name_is_shown_its_own_certificate) {
  Shelf shelf;
  for (const char* name : {"mta-sts.contoso.example", "mta-sts.fabrikam.example"}) shelf.identities[name] = identity_for(name);
  for (const auto& [name, identity] : shelf.identities) {
    const Shaken one = shaken(name, shelf);
    ASSERT_TRUE(one.server.has_value()) << one.server.error().what;
    ASSERT_TRUE(one.client.has_value()) << one.client.error().what;
    EXPECT_EQ(one.shown, name);
    EXPECT_EQ(one.server->server_name, name);
    EXPECT_FALSE(one.server->resumed);
  }
  EXPECT_EQ(shaken("MTA-STS.Contoso.Example", shelf).shown, "mta-sts.contoso.example");
}

// RFC 9325 3.7
TEST(ByName, unknown_names_and_none_are_refused) {
  Shelf shelf;
  for (const char* name : {"www.contoso.example", ""}) {
    const Shaken one = shaken(name, shelf);
    EXPECT_FALSE(one.server.has_value());
    EXPECT_EQ(shelf.asked.back(), name);
  }
  EXPECT_EQ(shelf.asked.size(), 2U);
}

TEST(ByName, a_key_that_is_not_the_certificates_is_refused_when_it_is_read) {
  const Instant now = *parse_rfc3339("2026-11-01T00:00:00Z");
  const std::string key = *generate_key(KeyAlgorithm::ecdsa_p256), other = *generate_key(KeyAlgorithm::ecdsa_p256);
  const std::string chain = *self_issue(key, {*types::DomainName::parse("a.example")}, now, now + 24h);
  EXPECT_EQ(LoadedIdentity::load({other, chain}).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace danewerk::io
