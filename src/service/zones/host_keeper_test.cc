// Hosts of single domains in a real Knot, as our child is configured: a wildcard shard, an explicit one with a zone of its own.
#include "service/zones/host_keeper.h"

#include <gtest/gtest.h>

#include "io/dns/server_query.h"
#include "io/dns/signature.h"
#include "io/dns/test_daemon.h"
#include "io/process/authoritative_child.h"
#include "io/runtime/reactor.h"
#include "io/store/domain_store.h"
#include "io/store/posix_disk.h"
#include "io/tls/digest.h"
#include "service/zones/delegations.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;
using io::dns::ScratchDir;
using io::dns::TestDaemon;
using types::DomainName;
using types::Existence;
using types::RecordType;

DomainName name(std::string_view text) { return *DomainName::parse(text); }
types::Endpoint local(int port) { return {*types::IpAddress::parse("127.0.0.1"), types::Port{static_cast<std::uint16_t>(port)}}; }
constexpr const char* tsig_text = "hmac-sha256:publisher:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

io::AuthoritativeChildSettings knot_settings(const std::string& peers, const ScratchDir& dir, int port) {
  io::AuthoritativeChildSettings out;
  out.program = peers + "/usr/sbin/knotd";
  out.directory = dir.path("dns");
  out.update_at = local(port);
  out.zone = name("mx.hoster.test");
  out.shard_zones = {name("s2.mx.hoster.test")};
  out.name_servers = {name("ns1.mx.hoster.test")};
  out.glue = {{name("ns1.mx.hoster.test"), {*types::IpAddress::parse("127.0.0.1")}}};
  out.update_key = {name("publisher"), "hmac-sha256", io::dns::TsigKey::parse(tsig_text)->secret};
  return out;
}

zone::MxZone mx_zone() {
  zone::MxZone out;
  out.apex = name("mx.hoster.test");
  out.shards = {2};
  out.holdings = {types::Holding::wildcard, types::Holding::explicit_hosts};
  out.mx_addresses = {*types::IpAddress::parse("192.0.2.1"), *types::IpAddress::parse("2001:db8::1")};
  return out;
}

struct Rig {
  explicit Rig(const std::string& peers) : settings(knot_settings(peers, dir, io::dns::free_port())) {
    const auto spec = io::authoritative_child(settings);
    EXPECT_TRUE(spec.has_value()) << spec.error().what;
    knot.emplace(peers, spec->argv);
    EXPECT_TRUE(knot->said("server started") && knot->said("loaded, serial", 2)) << knot->log();
    store = *io::Store::open(std::make_shared<io::PosixDisk>(dir.path("store")), {});
    domains = *io::DomainStore::open(*store);
    hosts.emplace(*store);
    keys.emplace(*store);
    io::dns::UpdateSettings update;
    update.server = settings.update_at;
    update.key = *io::dns::TsigKey::parse(tsig_text);
    updater.emplace(update, entropy);
  }
  std::unique_ptr<HostKeeper> keeper(std::uint64_t most = 12'000) {
    return std::make_unique<HostKeeper>(HostSettings{mx_zone(), most}, HostParts{*hosts, *keys, *updater, clock, log});
  }
  /// The first domain "<word><n>.example" of a shard.
  DomainName domain_in(std::uint16_t shard, const std::string& word) const {
    for (int i = 0;; ++i) {
      const DomainName domain = name(word + std::to_string(i) + ".example");
      if (types::shard_index(io::sha256(as_bytes(domain.text())), {2}) == shard) return domain;
    }
  }
  DomainName host_of(const DomainName& domain) const { return types::mx_host(domain, io::sha256(as_bytes(domain.text())), mx_zone().plan())->name(); }
  types::AdminAct act() const { return {"anna", "test", clock.now()}; }
  types::AcceptedDomain accepted(const DomainName& domain, bool dane) const {
    types::AcceptedDomain out{domain, *types::TenantId::parse("t"), *types::Route::parse("lmtp:192.0.2.1:24"), {}, {}, {}};
    out.facts.verified = out.facts.dnssec.asked = clock.now();
    if (dane) out.facts.dane.asked = clock.now();
    return out;
  }
  io::Task<> add(std::vector<types::AcceptedDomain> all) {
    const auto added = co_await domains->add(std::move(all), act(), io::DomainStore::NewTenants::made);
    EXPECT_TRUE(added.has_value()) << added.error().what;
  }
  io::Task<> add_one(DomainName domain, bool dane) {
    std::vector<types::AcceptedDomain> one(1, accepted(domain, dane));
    co_await add(std::move(one));
  }
  io::Task<> switch_dane(DomainName domain, bool on) {
    std::vector<io::DomainStore::FactsChange> changes(1);
    changes[0].domain = domain;
    changes[0].before = changes[0].after = domains->snapshot()->find(domain)->facts;
    (on ? changes[0].after.dane.asked : changes[0].after.dane.withdrawn) = clock.now() + (on ? 2s : 1s);
    const auto asked = co_await domains->ask(std::move(changes), "domain.test", act());
    EXPECT_TRUE(asked.has_value()) << asked.error().what;
  }
  io::Task<> settle(HostKeeper& one) {
    for (bool more = true; more;) {
      const bool acted = co_await one.turn();
      more = acted;
    }
    EXPECT_EQ(one.status().fault, "");
  }
  /// "data", "alias", "no data", "no name".
  io::Task<std::string> look(DomainName owner, RecordType type) {
    const types::DnsQuestion question{owner, type};
    const auto answer = co_await io::dns::ask_server(settings.update_at, question, entropy, 5s);
    EXPECT_TRUE(answer.has_value()) << answer.error().what;
    if (!answer) co_return "error";
    if (answer->alias) co_return "alias " + answer->alias->to_string();
    if (!answer->set.rdatas.empty()) co_return "data";
    co_return answer->existence == Existence::no_name ? "no name" : "no data";
  }
  io::Task<> change(types::ZoneChange one) {
    const auto applied = co_await updater->apply(std::move(one));
    EXPECT_TRUE(applied.has_value()) << applied.error().what;
  }

  ScratchDir dir;
  io::AuthoritativeChildSettings settings;
  std::optional<TestDaemon> knot;
  io::SystemClock clock;
  io::SeededEntropy entropy{4592};
  io::MemoryLog log;
  std::unique_ptr<io::Store> store;
  std::unique_ptr<io::DomainStore> domains;
  std::optional<io::HostStore> hosts;
  std::optional<io::KeyStore> keys;
  std::optional<io::dns::DnsZoneUpdater> updater;
};

struct RealHosts : testing::Test {
  void SetUp() override {
    const auto peers = io::dns::dns_peers();
    if (!peers) GTEST_SKIP() << "no knotd: run lab/fetch-peers, or set DANEWERK_PEERS";
    rig.emplace(*peers);
  }
  std::optional<Rig> rig;
};

types::RrSet txt(const DomainName& owner) { return {owner, RecordType::txt, Ttl{60}, {{1, 'v'}}}; }

io::Task<> explicit_hosts(Rig& rig) {
  Delegations delegations(mx_zone(), rig.settings.update_at, {*rig.keys, *rig.updater, rig.entropy, rig.clock, rig.log});
  const auto delegated = co_await delegations.turn();
  EXPECT_TRUE(delegated);
  const auto delegated_again = co_await delegations.turn();
  EXPECT_TRUE(delegated_again) << "it stands already";
  const auto ds = co_await rig.look(name("s2.mx.hoster.test"), RecordType::ds);
  EXPECT_EQ(ds, "data");
  std::vector<types::AcceptedDomain> many;
  std::size_t in_explicit = 0;
  for (int i = 0; i < 400; ++i) {
    const DomainName domain = name("customer" + std::to_string(i) + ".example");
    many.push_back(rig.accepted(domain, true));
    if (rig.host_of(domain).is_within(name("s2.mx.hoster.test"))) ++in_explicit;
  }
  co_await rig.add(std::move(many));
  const auto keeper = rig.keeper();
  co_await rig.settle(*keeper);
  EXPECT_EQ(keeper->status().held[name("s2.mx.hoster.test")], in_explicit);
  EXPECT_EQ(keeper->status().held.count(name("mx.hoster.test")), 0U) << "a wildcard shard grew";
  const DomainName host = rig.host_of(rig.domain_in(1, "customer"));
  const auto address = co_await rig.look(host, RecordType::aaaa);
  EXPECT_EQ(address, "data");
  const auto tlsa = co_await rig.look(host.prefixed("_25._tcp"), RecordType::tlsa);
  EXPECT_EQ(tlsa, "alias _dane.s2.mx.hoster.test");  // PUB-15
  const auto between = co_await rig.look(host.prefixed("_tcp"), RecordType::a);
  EXPECT_EQ(between, "no data");  // PUB-11
  // A crash between the primary's answer and our note: what stands there is found to be ours.
  const auto forgotten = co_await rig.hosts->forget(name("s2.mx.hoster.test"));
  EXPECT_TRUE(forgotten.has_value());
  const auto after_crash = rig.keeper();
  co_await rig.settle(*after_crash);
  EXPECT_EQ(after_crash->status().held[name("s2.mx.hoster.test")], in_explicit);
  const auto faults = co_await rig.hosts->faults(std::nullopt, 10);
  EXPECT_TRUE(faults->empty());
  const auto removed = co_await rig.domains->remove(rig.domain_in(1, "customer"), rig.act());
  EXPECT_TRUE(removed.has_value());
  co_await rig.settle(*after_crash);
  const auto after_removal = co_await rig.look(host, RecordType::a);
  EXPECT_EQ(after_removal, "no name");
}

TEST_F(RealHosts, explicit_hosts_come_in_few_messages_and_survive_a_lost_note) { io::run_to_end(explicit_hosts(*rig)); }

io::Task<> wildcard_stopped(Rig& rig) {
  types::ZoneChange wildcard{mx_zone().apex, {}, {}, {}};
  wildcard.adds.push_back(types::RrSet::of(name("*.s1.mx.hoster.test"), RecordType::a, Ttl{60}, {*types::IpAddress::parse("192.0.2.1")}));
  wildcard.adds.push_back({name("*.s1.mx.hoster.test"), RecordType::tlsa, Ttl{60}, {types::TlsaRecord::parse("3 1 1 " + to_hex(Bytes(32, 1)))->to_rdata()}});
  co_await rig.change(std::move(wildcard));
  const DomainName domain = rig.domain_in(0, "w");
  const DomainName tlsa = rig.host_of(domain).prefixed("_25._tcp");
  const auto keeper = rig.keeper();
  co_await rig.add_one(domain, true);
  co_await rig.settle(*keeper);
  const auto with_dane = co_await rig.look(tlsa, RecordType::tlsa);
  EXPECT_EQ(with_dane, "data");
  co_await rig.switch_dane(domain, false);
  co_await rig.settle(*keeper);
  const auto own_address = co_await rig.look(rig.host_of(domain), RecordType::a);
  EXPECT_EQ(own_address, "data");
  const auto without_dane = co_await rig.look(tlsa, RecordType::tlsa);
  EXPECT_EQ(without_dane, "no name");  // RFC 4592 2.2.1
  const auto of_another = co_await rig.look(rig.host_of(rig.domain_in(0, "other")).prefixed("_25._tcp"), RecordType::tlsa);
  EXPECT_EQ(of_another, "data");
  co_await rig.switch_dane(domain, true);
  co_await rig.settle(*keeper);
  const auto with_dane_again = co_await rig.look(tlsa, RecordType::tlsa);
  EXPECT_EQ(with_dane_again, "data");
}

TEST_F(RealHosts, a_domain_without_dane_stops_the_wildcard_for_itself_alone) { io::run_to_end(wildcard_stopped(*rig)); }

io::Task<> foreign_records(Rig& rig) {
  const DomainName domain = rig.domain_in(1, "taken");
  const DomainName other = rig.domain_in(1, "free");
  const DomainName owner = rig.host_of(domain).prefixed("_25._tcp");
  types::ZoneChange theirs{name("s2.mx.hoster.test"), {}, {}, {}};
  theirs.adds.push_back(txt(owner));
  co_await rig.change(std::move(theirs));
  const auto keeper = rig.keeper();
  co_await rig.add_one(domain, true);
  co_await rig.add_one(other, true);
  co_await rig.settle(*keeper);
  const auto neighbour = co_await rig.look(rig.host_of(other), RecordType::a);
  EXPECT_EQ(neighbour, "data") << "a neighbour in the message";
  const auto blocked = co_await rig.look(rig.host_of(domain), RecordType::a);
  EXPECT_EQ(blocked, "no data") << "nothing half published";
  const auto theirs_still = co_await rig.look(owner, RecordType::txt);
  EXPECT_EQ(theirs_still, "data");
  const auto faults = co_await rig.hosts->faults(domain, 10);
  EXPECT_EQ(faults->size(), 1U);
  EXPECT_NE(faults->at(0).fault.find("not ours"), std::string::npos);
}

TEST_F(RealHosts, records_of_others_are_left_alone_and_named) { io::run_to_end(foreign_records(*rig)); }

io::Task<> full_zone(Rig& rig) {
  std::vector<types::AcceptedDomain> many;
  for (int i = 0; i < 60; ++i) many.push_back(rig.accepted(name("full" + std::to_string(i) + ".example"), true));
  co_await rig.add(std::move(many));
  const auto keeper = rig.keeper(10);
  co_await rig.settle(*keeper);
  EXPECT_EQ(keeper->status().held[name("s2.mx.hoster.test")], 10U);
  const auto faults = co_await rig.hosts->faults(std::nullopt, 1);
  EXPECT_NE(faults->at(0).fault.find("zone.hosts_per_zone is 10"), std::string::npos);
}

TEST_F(RealHosts, no_zone_grows_past_the_size_that_is_set) { io::run_to_end(full_zone(*rig)); }

}  // namespace
}  // namespace danewerk::service
