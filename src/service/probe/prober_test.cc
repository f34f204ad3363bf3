#include "service/probe/prober.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "io/net/listener.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "io/tls/connection.h"
#include "io/tls/self_issue.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;
using types::ProbeAlgorithm;
using types::ProbeEnd;

const types::DomainName host = *types::DomainName::parse("contoso-example.s1.mx.test");

struct Identity {
  io::ServerIdentity pem;
  types::TlsaRecord record;
};

Identity identity(io::KeyAlgorithm algorithm) {
  const std::string key = *io::generate_key(algorithm);
  const Instant now = io::SystemClock().now();
  const std::string chain = *io::self_issue(key, {*types::DomainName::parse("*.s1.mx.test")}, now - 24h, now + 24h * 30);
  const auto parsed = *tls::read_certificate_file(chain);
  const types::CertificateInfo leaf = tls::describe_chain(parsed.get()).at(0);
  return {{key, chain}, tls::record_for(leaf, types::TlsaUsage::dane_ee, types::TlsaSelector::spki, types::TlsaMatching::sha2_256)};
}

/// A mail host as far as a probe goes.
class MailHost {
 public:
  MailHost(io::Executor executor, std::vector<io::ServerIdentity> identities)
      : group_(executor, "host"), listener_(*io::Listener::open(executor, *types::Endpoint::parse("127.0.0.1:0"))) {
    if (!identities.empty()) context_ = *io::ServerContext::make(identities);
    group_.spawn("accept", accept_all());
  }
  io::Task<> stop() {
    group_.stop();
    co_await group_.join();
  }
  types::Port port() const { return listener_.local().port; }
  std::map<std::string, int> server_names;
  int politely_left = 0;

 private:
  io::Task<> accept_all() {
    while (true) {
      auto accepted = co_await listener_.accept();
      if (!accepted) co_return;
      group_.spawn("session", serve(io::Connection(std::move(accepted->socket))));
    }
  }
  io::Task<> serve(io::Connection connection) {
    connection.expires_after(30s);
    std::array<char, 1024> buffer{};
    std::string out = "220 mx.test\r\n";
    while (true) {
      if (!(co_await connection.write_all(out)).has_value()) co_return;
      auto got = co_await connection.read_some(buffer);
      if (!got || *got == 0) co_return;
      const std::string line(buffer.data(), *got);
      const bool offered = context_ && !connection.is_encrypted();
      out = offered ? "250-mx.test\r\n250 STARTTLS\r\n" : "250 mx.test\r\n";
      if (line.starts_with("QUIT")) {
        politely_left += connection.is_encrypted() ? 1 : 0;
        out = "221 bye\r\n";
      }
      if (!line.starts_with("STARTTLS")) continue;
      if (!(co_await connection.write_all("220 go\r\n")).has_value()) co_return;
      auto info = co_await connection.accept_tls(context_);
      if (!info) co_return;
      ++server_names[info->server_name];
      out.clear();
    }
  }
  io::TaskGroup group_;
  io::Listener listener_;
  std::shared_ptr<const io::ServerContext> context_;
};

using Names = ProbeErrand::ServerName;

io::Task<types::ProbeSight> probe(std::vector<io::ServerIdentity> identities, types::TlsaSet records, std::map<std::string, int>* names = nullptr,
                                  Names asked = Names::with_and_without) {
  MailHost mail_host(co_await io::this_executor(), std::move(identities));
  const io::SystemClock clock;
  ProbeManners manners;
  manners.hello_name = "probe.test";
  manners.filter = io::AddressFilter({*types::Network::parse("127.0.0.0/8")});
  const auto prober = *Prober::create(std::move(manners), clock);
  ProbeErrand errand{host, {*types::IpAddress::parse("127.0.0.1"), *types::IpAddress::parse("10.1.2.3")}, mail_host.port(), std::move(records)};
  errand.server_name = asked;
  auto sight = co_await prober->probe(std::move(errand));
  co_await mail_host.stop();
  if (names) *names = mail_host.server_names;
  co_return sight;
}

int count(const types::ProbeSight& sight, ProbeEnd end) {
  return static_cast<int>(std::count_if(sight.probes.begin(), sight.probes.end(), [end](const auto& one) { return one.end == end; }));
}

io::Task<> both_keys() {
  const Identity ecdsa = identity(io::KeyAlgorithm::ecdsa_p256);
  const Identity rsa = identity(io::KeyAlgorithm::rsa_2048);
  std::map<std::string, int> names;
  const types::TlsaSet only_ecdsa{ecdsa.record};
  std::vector<io::ServerIdentity> identities{ecdsa.pem, rsa.pem};
  const auto sight = co_await probe(std::move(identities), only_ecdsa, &names);
  EXPECT_EQ(sight.probes.size(), 8U);
  EXPECT_EQ(count(sight, ProbeEnd::shook_hands), 4);
  EXPECT_EQ(count(sight, ProbeEnd::filtered), 4) << "10.1.2.3 is not opened";
  EXPECT_EQ(names[host.to_string()], 2);
  EXPECT_EQ(names[""], 2);
  for (const types::Probe& one : sight.probes) {
    if (one.end != ProbeEnd::shook_hands) continue;
    EXPECT_EQ(one.chain.at(0).key_algorithm.starts_with("RSA"), one.algorithm == ProbeAlgorithm::rsa) << one.chain.at(0).key_algorithm;
    EXPECT_EQ(one.verdict->is_authenticated(), one.algorithm == ProbeAlgorithm::ecdsa) << "the RSA key has no record: only this probe sees it";
  }
}

io::Task<> one_key() {
  const Identity ecdsa = identity(io::KeyAlgorithm::ecdsa_p256);
  std::vector<io::ServerIdentity> identities{ecdsa.pem};
  const types::TlsaSet records{ecdsa.record};
  const auto sight = co_await probe(std::move(identities), records);
  EXPECT_EQ(count(sight, ProbeEnd::shook_hands), 2);
  EXPECT_EQ(count(sight, ProbeEnd::no_such_key), 2);
}

io::Task<> by_name_only() {
  const Identity ecdsa = identity(io::KeyAlgorithm::ecdsa_p256);
  std::vector<io::ServerIdentity> identities{ecdsa.pem};
  const types::TlsaSet records{ecdsa.record};
  std::map<std::string, int> names;
  const auto sight = co_await probe(std::move(identities), records, &names, Names::always);
  EXPECT_EQ(sight.probes.size(), 4U) << "each address with each algorithm";
  EXPECT_EQ(names[""], 0) << "who asks for no name is shown another group's keys, which is no fault";
}

TEST(Prober, asks_for_some_hosts_by_name_only) { io::run_to_end(by_name_only()); }

io::Task<> no_starttls() {
  std::vector<io::ServerIdentity> nobody;
  const types::TlsaSet no_records;
  const auto sight = co_await probe(std::move(nobody), no_records);
  EXPECT_EQ(count(sight, ProbeEnd::no_starttls), 4);
  EXPECT_FALSE(sight.probes.front().detail.empty());
}

TEST(Prober, brings_home_the_chain_of_each_algorithm_with_and_without_a_server_name) { io::run_to_end(both_keys()); }
TEST(Prober, a_host_without_an_rsa_key_is_no_fault) { io::run_to_end(one_key()); }
TEST(Prober, says_where_starttls_is_not_offered) { io::run_to_end(no_starttls()); }

}  // namespace
}  // namespace danewerk::service
