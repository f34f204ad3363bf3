// The stub against a real Unbound, which asks a real knotd: AD, extended errors, the canary, and the way past its cache.
#include <gtest/gtest.h>

#include "io/dns/server_query.h"
#include "io/dns/signature.h"
#include "io/dns/test_knot.h"
#include "io/dns/unbound_anchors.h"
#include "io/dns/unbound_control.h"
#include "io/dns/zone_updater.h"
#include "io/dns/test_name.h"
#include "io/runtime/reactor.h"

namespace danewerk::io::dns {
namespace {

using namespace types;
using test::name;
using namespace std::chrono_literals;

struct RealUnbound : testing::Test {
  void SetUp() override {
    peers = dns_peers();
    if (!peers) GTEST_SKIP() << "no unbound: run lab/fetch-peers, or set DANEWERK_PEERS";
    knot.emplace(*peers);
    ASSERT_TRUE(knot->ready) << knot->daemon->log();
    const std::string ds = TestDaemon::run(*peers, *peers + "/usr/sbin/keymgr -c " + knot->dir.path("knot.conf") + " example.test ds");
    // keymgr prints one line a digest: take the SHA-256 one
    std::string sha256;
    for (std::size_t at = 0; at < ds.size(); at = ds.find('\n', at) + 1) {
      const std::string line = ds.substr(at, ds.find('\n', at) - at);
      if (line.find(" 13 2 ") != std::string::npos) sha256 = line;
      if (ds.find('\n', at) == std::string::npos) break;
    }
    const std::string at_knot = "127.0.0.1@" + std::to_string(knot->port);
    dir.write("unbound.conf",
              "server:\n  interface: 127.0.0.1@" + std::to_string(port) + "\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n"
              "  directory: \"" + dir.path() + "\"\n  pidfile: \"\"\n  use-syslog: no\n  logfile: \"\"\n  verbosity: 1\n  ede: yes\n"
              "  module-config: \"validator iterator\"\n  num-threads: 1\n  so-reuseport: no\n"
              "  local-zone: \"test.\" nodefault\n  do-not-query-localhost: no\n"
              "  trust-anchor: \"" + sha256 + "\"\n"
              "  trust-anchor: \"closed.test. DS 1 13 2 " + std::string(64, '0') + "\"\n"
              "stub-zone:\n  name: example.test\n  stub-addr: " + at_knot + "\n"
              "stub-zone:\n  name: closed.test\n  stub-addr: " + at_knot + "\n"
              "remote-control:\n  control-enable: yes\n  control-interface: " + dir.path("ctl") + "\n  control-use-cert: no\n");
    unbound.emplace(*peers, std::vector<std::string>{*peers + "/usr/sbin/unbound", "-d", "-c", dir.path("unbound.conf")});
    ASSERT_TRUE(unbound->said("start of service")) << unbound->log();
  }
  std::unique_ptr<StubResolver> stub(Executor executor, const char* canary) {
    StubSettings settings;
    settings.server = {*IpAddress::parse("127.0.0.1"), Port{static_cast<std::uint16_t>(port)}};
    settings.canary.secure = {name(canary), RecordType::soa};
    settings.canary.bogus = DnsQuestion{name("closed.test"), RecordType::soa};
    return *StubResolver::create(std::move(settings), executor, clock, entropy, std::make_shared<AnswerCache>(100));
  }

  std::optional<std::string> peers;
  ScratchDir dir;
  int port = free_port();
  std::optional<TestKnot> knot;
  std::optional<TestDaemon> unbound;
  SystemClock clock;
  SeededEntropy entropy{5};
};

Task<> statuses(RealUnbound& test) {
  auto stub = test.stub(co_await this_executor(), "example.test");
  co_await stub->start();
  EXPECT_EQ(stub->health().fault, "");
  const Lookup secure = co_await stub->ask(name("_25._tcp.mx.example.test"), RecordType::tlsa);
  EXPECT_TRUE(secure.has_value()) << secure.error().what;
  EXPECT_EQ(secure->status, DnssecStatus::secure);
  EXPECT_EQ(secure->value.all<TlsaRecord>().size(), 1U);
  const Lookup absent = co_await stub->ask(name("none.example.test"), RecordType::a);
  EXPECT_EQ(absent->value.existence, Existence::no_name);
  EXPECT_EQ(absent->status, DnssecStatus::secure);
  EXPECT_GT(absent->ttl, Ttl{200});
  const Lookup bogus = co_await stub->ask(name("closed.test"), RecordType::a);
  EXPECT_EQ(bogus.error().kind, LookupErrorKind::bogus) << bogus.error().what;
  EXPECT_FALSE(bogus.error().extended_errors.empty());
  co_await stub->stop();
}

TEST_F(RealUnbound, secure_absent_and_bogus) { run_to_end(statuses(*this)); }

Task<> unfit(RealUnbound& test) {
  auto stub = test.stub(co_await this_executor(), "closed.test");
  co_await stub->start();
  const Lookup got = co_await stub->ask(name("mx.example.test"), RecordType::a);
  EXPECT_EQ(got.error().kind, LookupErrorKind::resolver_unfit);
  EXPECT_NE(got.error().what.find("canary closed.test SOA"), std::string::npos) << got.error().what;
  co_await stub->stop();
}

TEST_F(RealUnbound, a_wrong_trust_anchor_makes_it_unfit) { run_to_end(unfit(*this)); }  // RES-21

Task<> past_the_cache(RealUnbound& test) {
  auto stub = test.stub(co_await this_executor(), "example.test");
  co_await stub->start();
  const UnboundControl control(test.dir.path("ctl"));
  const DomainName zone = name("example.test");
  DnsZoneUpdater updater({test.knot->endpoint(), *TsigKey::parse(TestKnot::good_key), 10s}, test.entropy);
  DnsQuestion fresh{name("_25._tcp.new.example.test"), RecordType::tlsa};
  DnsQuestion known{name("_25._tcp.mx.example.test"), RecordType::tlsa};
  co_await stub->ask(fresh);
  co_await stub->ask(known);
  const auto added = RrSet::of(fresh.name, RecordType::tlsa, Ttl{300}, {*TlsaRecord::parse("3 1 1 " + std::string(64, 'b'))});
  RrSet replaced = added;
  replaced.name = known.name;
  ZoneChange change{zone, {}, {DeleteRrSet{known.name, RecordType::tlsa}}, {added, replaced}};
  const auto done = co_await updater.apply(change);
  EXPECT_TRUE(done.has_value()) << done.error().what;
  const Lookup stale = co_await stub->ask_past_cache(fresh);
  EXPECT_EQ(stale->value.existence, Existence::no_name);  // Unbound still denies it: that is what must be got past
  const Lookup seen = co_await ask_uncached(*stub, control, zone, fresh);
  EXPECT_TRUE(seen.has_value()) << seen.error().what;
  EXPECT_EQ(seen->value.existence, Existence::records);
  EXPECT_EQ(seen->status, DnssecStatus::secure);
  const Lookup again = co_await ask_uncached(*stub, control, zone, known);
  EXPECT_EQ(again->value.all<TlsaRecord>().at(0).data, Bytes(32, 0xbb));
  const Lookup ordinary = co_await stub->ask(known);
  EXPECT_EQ(ordinary->value.all<TlsaRecord>().at(0).data, Bytes(32, 0xbb));
  const auto nonsense = co_await control.run("no_such_command");
  EXPECT_EQ(nonsense.error().kind, ErrorKind::refused);
  const UnboundControl nowhere(test.dir.path("not-there"));
  const Lookup failed = co_await ask_uncached(*stub, nowhere, zone, known);
  EXPECT_EQ(failed.error().kind, LookupErrorKind::unreachable);
  co_await stub->stop();
}

TEST_F(RealUnbound, flush_zone_gets_past_its_cache) { run_to_end(past_the_cache(*this)); }  // DDNS-03

Task<> killed(RealUnbound& test) {
  auto stub = test.stub(co_await this_executor(), "example.test");
  co_await stub->start();
  test.unbound.reset();
  const Lookup got = co_await stub->ask(name("mx.example.test"), RecordType::a);
  EXPECT_EQ(got.error().kind, LookupErrorKind::unreachable);
  co_await stub->stop();
}

TEST_F(RealUnbound, its_death_is_a_lookup_error) { run_to_end(killed(*this)); }

/// How the name looks: its DNSSEC status, or how the lookup failed.
Task<std::string> looks(StubResolver& stub, const char* what) {
  stub.forget(name(what));
  const Lookup lookup = co_await stub.ask(name(what), RecordType::a);
  co_return lookup ? std::string(to_string(lookup->status)) : std::string(to_string(lookup.error().kind));
}

Task<> anchors_come_and_go(RealUnbound& test) {
  auto stub = test.stub(co_await this_executor(), "example.test");
  co_await stub->start();
  UnboundAnchors anchors{UnboundControl(test.dir.path("ctl"))};
  const std::vector one{name("mx.example.test")};
  auto held = co_await anchors.list();
  EXPECT_TRUE(held.has_value() && held->empty());
  EXPECT_EQ(co_await looks(*stub, "mx.example.test"), "secure");
  for (int twice = 0; twice < 2; ++twice) {
    const auto added = co_await anchors.add(one.front());
    EXPECT_TRUE(added.has_value()) << added.error().what;
  }
  EXPECT_EQ(co_await looks(*stub, "mx.example.test"), "insecure") << "also what the resolver had cached";
  EXPECT_EQ(co_await looks(*stub, "none.example.test"), "secure") << "everything else as before";
  EXPECT_EQ(co_await looks(*stub, "closed.test"), "bogus");
  held = co_await anchors.list();
  EXPECT_EQ(*held, one);
  for (int twice = 0; twice < 2; ++twice) {
    const auto removed = co_await anchors.remove(one.front());
    EXPECT_TRUE(removed.has_value()) << removed.error().what;
  }
  EXPECT_EQ(co_await looks(*stub, "mx.example.test"), "secure");
  held = co_await anchors.list();
  EXPECT_TRUE(held.has_value() && held->empty());
  co_await stub->stop();
}

TEST_F(RealUnbound, negative_trust_anchors) {  // RFC 7646
  run_to_end(anchors_come_and_go(*this));
}

}  // namespace
}  // namespace danewerk::io::dns
