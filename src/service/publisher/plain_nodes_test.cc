// Hosts of their own under the wildcard: over a real store and a simulated zone.
#include "service/publisher/plain_nodes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine/zone/diff.h"
#include "io/runtime/reactor.h"
#include "io/store/domain_store.h"
#include "io/store/posix_disk.h"
#include "io/tls/digest.h"
#include "service/publisher/simulated_zone.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;
using types::RecordType;

const Instant begin_of_time = *parse_rfc3339("2026-11-27T12:00:00Z");
types::DomainName named(std::string_view text) { return *types::DomainName::parse(text); }

/// A primary whose answers can get lost after it did what it was told.
class LossyZone final : public ZoneAccess {
 public:
  explicit LossyZone(SimulatedZone& zone) : zone_(zone) {}
  bool loses_answers = false;
  int asked = 0;

  io::Task<Result<std::vector<Bytes>>> zone_keys(AuthoritativeServer server) override { co_return co_await zone_.zone_keys(std::move(server)); }
  io::Task<ServerReading> read(AuthoritativeServer server, types::DnsQuestion question, std::vector<Bytes> keys) override {
    co_return co_await zone_.read(std::move(server), std::move(question), std::move(keys));
  }
  io::Task<Result<void, io::dns::UpdateError>> apply(types::ZoneChange change) override {
    ++asked;
    auto applied = co_await zone_.apply(std::move(change));
    if (loses_answers) co_return Failure{io::dns::UpdateError{io::dns::UpdateErrorKind::timeout, "no reply"}};
    co_return applied;
  }
  io::Task<types::Lookup> ask_afresh(types::DomainName owner) override { co_return co_await zone_.ask_afresh(std::move(owner)); }

 private:
  SimulatedZone& zone_;
};

class Village {
 public:
  Village() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-nodes-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    store_ = *io::Store::open(std::make_shared<io::PosixDisk>(directory_), {});
    domains = *io::DomainStore::open(*store_);
    wanted.apex = named("mx.hoster.example");
    wanted.shards = {2};
    wanted.mx_addresses = {*types::IpAddress::parse("192.0.2.1"), *types::IpAddress::parse("2001:db8::1")};
    nodes_store.emplace(*store_, wanted.apex);
    restart();
  }
  ~Village() {
    nodes.reset();
    domains.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void restart() { nodes = std::make_unique<PlainNodes>(wanted, *nodes_store, access, clock, log); }

  types::DomainName host(const std::string& domain) const {
    return types::mx_host(named(domain), io::sha256(as_bytes(named(domain).text())), wanted.plan())->name();
  }
  /// The wildcards, as the publisher puts them there.
  io::Task<> publish_wildcards() {
    const types::TlsaSet one{*types::TlsaRecord::parse("3 1 1 " + to_hex(Bytes(32, 7)))};
    std::vector<types::ZoneChange> changes = zone::diff(wanted, *zone::desired_records(wanted, one), {});
    for (types::ZoneChange& change : changes) {
      const auto applied = co_await zone.apply(std::move(change));
      EXPECT_TRUE(applied.has_value());
    }
  }
  io::Task<> add(std::string domain, types::DomainFacts facts) {
    const types::AcceptedDomain made{named(domain), *types::TenantId::parse("t"), *types::Route::parse("lmtp:127.0.0.1:24"), {}, "", facts};
    std::vector<types::AcceptedDomain> all(1, made);
    const types::AdminAct act{"test", "", clock.now()};
    const auto added = co_await domains->add(std::move(all), act, io::DomainStore::NewTenants::made);
    EXPECT_TRUE(added.has_value());
  }
  io::Task<> change(std::string domain, types::DomainFacts facts) {
    const types::DomainFacts before = domains->snapshot()->find(named(domain))->facts;
    std::vector<io::DomainStore::FactsChange> changes(1, io::DomainStore::FactsChange{named(domain), before, facts});
    const auto noted = co_await domains->note(std::move(changes));
    EXPECT_TRUE(noted.has_value());
  }
  /// As the publisher calls it: until there is no more to do. The error it ended with, if one.
  io::Task<std::string> work() {
    for (int i = 0; i < 20; ++i) {
      const auto more = co_await nodes->round();
      if (!more) co_return more.error().what;
      if (!*more) co_return "";
    }
    co_return "it never ends";
  }
  std::size_t answers(const std::string& domain, RecordType type) const {
    const types::DomainName at = type == RecordType::tlsa ? host(domain).prefixed("_25._tcp") : host(domain);
    return zone.answer(0, {at, type}).rdatas.size();
  }
  int told(std::string_view what) const {
    const auto records = log.records();
    return static_cast<int>(std::count_if(records.begin(), records.end(), [what](const std::string& r) { return r.find(what) != std::string::npos; }));
  }

  io::ManualClock clock{begin_of_time};
  io::MemoryLog log;
  SimulatedZone zone{clock, {{0s, rollover::Sight::verified}}};
  LossyZone access{zone};
  zone::MxZone wanted;
  std::unique_ptr<io::DomainStore> domains;
  std::optional<io::NodeStore> nodes_store;
  std::unique_ptr<PlainNodes> nodes;

 private:
  std::string directory_;
  std::unique_ptr<io::Store> store_;
};

types::DomainFacts on() {
  types::DomainFacts facts;
  facts.verified = facts.dnssec.asked = facts.dane.asked = types::MaybeInstant(begin_of_time);
  return facts;
}

types::DomainFacts off() {
  types::DomainFacts facts = on();
  facts.dane.withdrawn = types::MaybeInstant(begin_of_time + 1h);
  return facts;
}

io::Task<> off_and_on(Village& village) {
  co_await village.publish_wildcards();
  co_await village.add("contoso.example", off());
  co_await village.add("fabrikam.example", on());
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::a), 1U);
  EXPECT_EQ(village.answers("contoso.example", RecordType::aaaa), 1U);
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 0U) << "the wildcard is stopped (RFC 4592 2.2.1)";
  EXPECT_EQ(village.answers("fabrikam.example", RecordType::tlsa), 1U);
  const int changes = village.zone.changes;
  village.restart();
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.zone.changes, changes) << "after a restart nothing is due";
  co_await village.change("contoso.example", on());
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 1U);
  EXPECT_FALSE(village.zone.content(0).contains({village.host("contoso.example"), RecordType::a}));
  co_await village.change("contoso.example", off());
  EXPECT_EQ(co_await village.work(), "");
  const types::AdminAct act{"test", "", village.clock.now()};
  const auto removed = co_await village.domains->remove(named("contoso.example"), act);
  EXPECT_TRUE(removed.has_value());
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 1U) << "of a domain that is gone nothing stays";
  const auto kept = co_await village.nodes_store->after("", 10);
  EXPECT_TRUE(kept->empty());
}

TEST(PlainNodes, stand_while_dane_is_off_and_only_there) {
  Village village;
  io::run_to_end(off_and_on(village));
}

/// The node came to be, and nobody told us; before we can look, DANE is on again.
io::Task<> lost_answer(Village& village) {
  co_await village.publish_wildcards();
  co_await village.add("contoso.example", off());
  village.access.loses_answers = true;
  EXPECT_NE(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 0U);
  co_await village.change("contoso.example", on());
  village.access.loses_answers = false;
  village.restart();
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 1U);
  co_await village.change("contoso.example", off());
  village.zone.refuses_updates = true;
  EXPECT_NE((co_await village.work()).find("refused"), std::string::npos);
  co_await village.change("contoso.example", on());
  village.zone.refuses_updates = false;
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 1U);
}

/// The store is a copy from before the node came; the domain's look finds no TLSA record.
io::Task<> older_store(Village& village) {
  co_await village.publish_wildcards();
  co_await village.add("contoso.example", off());
  EXPECT_EQ(co_await village.work(), "");
  std::vector<io::KeptNode> forgotten(1, io::KeptNode{named("contoso.example"), {}});
  const auto lost = co_await village.nodes_store->put(std::move(forgotten), village.clock.now());
  EXPECT_TRUE(lost.has_value());
  co_await village.change("contoso.example", on());
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::tlsa), 0U);
  for (const std::string domain : {"contoso.example", "fabrikam.example"}) {
    const auto noted = co_await village.nodes->suspect(named(domain));
    EXPECT_TRUE(noted.has_value());
    EXPECT_EQ(co_await village.work(), "");
    EXPECT_EQ(village.answers(domain, RecordType::tlsa), 1U);
  }
  const auto kept = co_await village.nodes_store->after("", 10);
  EXPECT_TRUE(kept->empty());
}

TEST(PlainNodes, are_found_again_where_a_look_misses_a_record) {
  Village village;
  io::run_to_end(older_store(village));
}

TEST(PlainNodes, are_known_of_whatever_answer_was_lost) {  // DDNS-02
  Village village;
  io::run_to_end(lost_answer(village));
}

io::Task<> strangers(Village& village) {
  co_await village.publish_wildcards();
  const types::DomainName host = village.host("contoso.example");
  const types::RrSet theirs = types::RrSet::of(host, RecordType::a, Ttl{60}, {*types::IpAddress::parse("198.51.100.9")});
  types::ZoneChange put{village.wanted.apex, {}, {}, {theirs}};
  const auto placed = co_await village.zone.apply(std::move(put));
  EXPECT_TRUE(placed.has_value());
  for (const char* domain : {"a.example", "contoso.example", "z.example"}) co_await village.add(domain, off());
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.zone.content(0).at({host, RecordType::a}), theirs) << "what is not ours is not touched";
  EXPECT_EQ(village.answers("a.example", RecordType::tlsa) + village.answers("z.example", RecordType::tlsa), 0U) << "and hinders nobody else";
  EXPECT_EQ(village.nodes->in_the_way().size(), 1U);
  for (int i = 0; i < 5; ++i) {
    village.clock.advance(1h);
    EXPECT_EQ(co_await village.work(), "");
  }
  EXPECT_EQ(village.told("publisher.node_in_the_way"), 1) << "told once";
  types::ZoneChange away{village.wanted.apex, {}, {types::DeleteRrSet{host, RecordType::a}}, {}};
  const auto taken = co_await village.zone.apply(std::move(away));
  EXPECT_TRUE(taken.has_value());
  village.clock.advance(1h);
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_EQ(village.answers("contoso.example", RecordType::aaaa), 1U);
  EXPECT_TRUE(village.nodes->in_the_way().empty());
}

TEST(PlainNodes, leave_alone_what_is_not_theirs) {
  Village village;
  io::run_to_end(strangers(village));
}

io::Task<> lost_and_moved(Village& village) {
  co_await village.publish_wildcards();
  for (int i = 0; i < 450; ++i) co_await village.add("d" + std::to_string(i) + ".example", off());
  EXPECT_EQ(co_await village.work(), "");
  EXPECT_LE(village.access.asked, 6) << "filled messages";
  types::ZoneChange away{village.wanted.apex, {}, {}, {}};
  for (const RecordType type : {RecordType::a, RecordType::aaaa}) away.deletes.emplace_back(types::DeleteRrSet{village.host("d44.example"), type});
  const auto taken = co_await village.zone.apply(std::move(away));
  EXPECT_TRUE(taken.has_value());
  EXPECT_EQ(village.answers("d44.example", RecordType::tlsa), 1U);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(co_await village.work(), "");  // some at each look
  EXPECT_EQ(village.answers("d44.example", RecordType::tlsa), 0U);
  EXPECT_EQ(village.told("publisher.node_lost"), 1);
  village.wanted.mx_addresses = {*types::IpAddress::parse("192.0.2.77")};
  village.restart();
  EXPECT_EQ(co_await village.work(), "");
  for (const char* domain : {"d0.example", "d44.example", "d449.example"}) {
    const auto set = village.zone.answer(0, {village.host(domain), RecordType::a});
    EXPECT_EQ(set.rdatas, (std::vector<Bytes>{{192, 0, 2, 77}})) << domain;
    EXPECT_EQ(village.answers(domain, RecordType::aaaa), 0U);
  }
}

TEST(PlainNodes, come_back_when_lost_and_follow_the_edge) {
  Village village;
  io::run_to_end(lost_and_moved(village));
}

/// The condition stands twice: in types, and in SQL for the index.
io::Task<> every_wish(Village& village) {
  std::vector<types::AcceptedDomain> all;
  for (int i = 0; i < 81; ++i) {
    const auto at = [](int n) { return n == 0 ? types::MaybeInstant() : types::MaybeInstant(begin_of_time + n * 1h); };
    types::DomainFacts facts = on();
    facts.dnssec = types::Wish{at(i % 3), at(i / 3 % 3)};
    facts.dane = types::Wish{at(i / 9 % 3), at(i / 27)};
    all.push_back({named("d" + std::to_string(i) + ".example"), *types::TenantId::parse("t"), *types::Route::parse("lmtp:127.0.0.1:24"), {}, "", facts});
  }
  std::size_t stopping = 0;
  for (const auto& domain : all) {
    stopping += types::stops_wildcard(domain.facts) ? 1 : 0;
    const bool has_node = zone::node_for(village.wanted, types::Holding::wildcard, zone::need_of(domain.facts)).kind != types::HostNode::Kind::none;
    EXPECT_EQ(has_node, types::stops_wildcard(domain.facts)) << domain.domain.to_string();
  }
  const types::AdminAct act{"test", "", village.clock.now()};
  const auto added = co_await village.domains->add(all, act, io::DomainStore::NewTenants::made);
  EXPECT_TRUE(added.has_value());
  types::HostNode plain = zone::node_for(village.wanted, types::Holding::wildcard, zone::HostNeed::plain);
  const auto due = co_await village.nodes_store->due(std::move(plain), 1000);
  EXPECT_EQ(due->size(), stopping);
  for (const io::DueNode& one : *due) EXPECT_TRUE(types::stops_wildcard(village.domains->snapshot()->find(one.domain)->facts)) << one.domain.to_string();
}

TEST(PlainNodes, are_wanted_where_types_say_so) {
  Village village;
  io::run_to_end(every_wish(village));
}

}  // namespace
}  // namespace danewerk::service
