// Groups of shards with keys of their own, one publisher after another over the same store and zone: what one does is nothing to the other.
#include <gtest/gtest.h>

#include <algorithm>

#include "service/publisher/settle_groups.h"
#include "service/publisher/test_bench.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

/// s1 is the pilot's, s2 the default group's.
std::vector<zone::KeyGroup> two_groups() { return zone::all_groups({*zone::parse_key_group("pilot=s1")}, 2); }

void become(Bench& bench, const zone::KeyGroup& group) {
  bench.wanted.zone.part = group.shards;
  bench.wanted.group = group.name;
}

bool holds(const std::vector<Bytes>& set, const std::string& record) {
  return std::find(set.begin(), set.end(), types::TlsaRecord::parse(record)->to_rdata()) != set.end();
}

std::string record_of(const Bench& bench, const std::string& id) {
  for (const auto& key : bench.publisher->status().keys) {
    if (key.id == id) return key.record;
  }
  return "3 1 1 00";
}

io::Task<> apart() {
  Bench bench(co_await io::this_executor());
  bench.zone.ds_at_parent = true;
  const auto groups = two_groups();
  become(bench, groups[0]);
  bench.begin();
  co_await bench.advance(10min);
  const std::string whole = bench.served();
  EXPECT_NE(whole, "");
  EXPECT_TRUE(bench.tlsa("s1").empty()) << "the other group's shard is left alone";
  co_await bench.end();

  become(bench, groups[1]);
  bench.begin();
  co_await bench.advance(10min);
  const std::string pilot = bench.served();
  EXPECT_TRUE(pilot.ends_with("-pilot")) << pilot;
  EXPECT_EQ(bench.publisher->status().shards, std::vector<std::string>{"s1"});
  const auto untouched = bench.tlsa("s2");
  const auto before = bench.tlsa("s1");
  EXPECT_EQ(before.size(), 2U);
  EXPECT_FALSE(holds(untouched, record_of(bench, pilot)));
  EXPECT_GE(bench.told("group=pilot"), 1);
  const types::AdminAct act{"root", "test", bench.clock.now()};
  EXPECT_TRUE((co_await bench.publisher->roll(std::nullopt, act)).has_value());
  co_await bench.advance(2h);
  EXPECT_NE(bench.served(), pilot);
  EXPECT_NE(bench.tlsa("s1"), before);
  EXPECT_EQ(bench.tlsa("s2"), untouched) << "a rollover touches its group's shards alone";
  co_await bench.end();

  become(bench, groups[0]);
  bench.begin();
  co_await bench.advance(1min);
  EXPECT_EQ(bench.served(), whole) << "nothing of the other group's is taken for a newer zone";
  EXPECT_EQ(bench.told("publisher.key_superseded"), 0);
  co_await bench.end();
}

TEST(PublisherGroups, keys_and_records_are_apart) { io::run_to_end(apart()); }

io::Task<> split() {
  Bench bench(co_await io::this_executor());
  bench.zone.ds_at_parent = true;
  bench.begin();
  co_await bench.advance(10min);
  const std::string common = bench.served();
  const std::string common_record = record_of(bench, common);
  const auto set = bench.tlsa("s1");
  co_await bench.end();

  const auto groups = two_groups();
  const auto changes = co_await settle_groups(bench.keys(), bench.wanted.zone.apex, groups, bench.clock.now());
  EXPECT_TRUE(changes && changes->size() == 1);
  const int zone_changes = bench.zone.changes;
  become(bench, groups[0]);
  bench.begin();
  co_await bench.advance(1min);
  EXPECT_EQ(bench.served(), common);
  co_await bench.end();
  become(bench, groups[1]);
  bench.begin();
  co_await bench.advance(1s);
  EXPECT_EQ(bench.served(), common + "-pilot") << "the very key that its senders know, at once";
  EXPECT_EQ(bench.publisher->copy_of(*types::TlsaRecord::parse(common_record)), common + "-pilot");
  EXPECT_EQ(bench.tlsa("s1"), set);
  EXPECT_EQ(bench.zone.changes, zone_changes) << "nothing had to be changed in the zone";
  co_await bench.advance(6h);  // check() looks at every step that what is served stands at every server
  const auto keys = bench.publisher->status().keys;
  EXPECT_EQ(keys.size(), 2U);
  for (const Bytes& old : set) {
    const auto now = bench.tlsa("s1");
    EXPECT_EQ(std::find(now.begin(), now.end(), old), now.end()) << "both copies were replaced by keys of the group's own";
  }
  EXPECT_EQ(bench.tlsa("s2"), set) << "the default group keeps its own";
  co_await bench.end();
}

TEST(PublisherGroups, a_new_group_goes_from_copies_to_keys_of_its_own) { io::run_to_end(split()); }  // PUB-02, PUB-03

const types::DomainName apex = settings().zone.apex;

std::vector<zone::KeyGroup> four_shards(std::vector<std::string> texts) {
  std::vector<zone::KeyGroup> named;
  for (const std::string& text : texts) named.push_back(*zone::parse_key_group(text));
  return zone::all_groups(named, 4);
}

/// A key that serves, one that is next and one that has left the zone.
io::Task<> furnish(KeyBook& book) {
  using types::KeyEvent;
  const std::vector<types::DomainName> names{*types::DomainName::parse("*.s1.mx.hoster.example")};
  std::vector<std::string> ids;
  const Ttl displaced{60};
  for (int i = 0; i < 3; ++i) {
    const auto id = co_await book.make(types::KeyAlgorithm::ecdsa_p256, names, 100h, displaced, start);
    EXPECT_TRUE(id.has_value());
    ids.push_back(*id);
    EXPECT_TRUE((co_await book.mark(*id, KeyEvent::published, start)).has_value());
  }
  EXPECT_TRUE((co_await book.mark(ids[0], KeyEvent::serving, start)).has_value());
  EXPECT_TRUE((co_await book.mark(ids[2], KeyEvent::withdrawn, start)).has_value());
}

io::Task<> settles(io::KeyStore& store) {
  KeyBook of_all(store, apex, "", "self-issued");
  EXPECT_TRUE((co_await of_all.load(start)).has_value());
  co_await furnish(of_all);
  const auto wanted = four_shards({"pilot=s2"});
  auto said = co_await settle_groups(store, apex, wanted, start + 1h);
  EXPECT_TRUE(said && said->size() == 1) << (said ? "" : said.error().what);
  EXPECT_NE(said->front().find("copies of 2 keys"), std::string::npos) << said->front();
  said = co_await settle_groups(store, apex, wanted, start + 2h);
  EXPECT_TRUE(said && said->empty()) << "once";

  KeyBook of_pilot(store, apex, "pilot", "self-issued");
  EXPECT_TRUE((co_await of_pilot.load(start + 2h)).has_value());
  EXPECT_EQ(of_pilot.keys().size(), 2U);
  for (const rollover::TrackedKey& copy : of_pilot.keys()) {
    const auto original = of_all.find(copy.facts.id.substr(0, copy.facts.id.size() - std::string("-pilot").size()));
    EXPECT_TRUE(original.has_value()) << copy.facts.id;
    types::KeyFacts facts = copy.facts;
    facts.id = (*original)->facts.id;
    facts.group.clear();
    EXPECT_EQ(facts, (*original)->facts) << "the same key, with all that has happened to it";
    EXPECT_EQ(copy.displaced_ttl, Ttl{60});
    EXPECT_TRUE(copy.replace_asked_at.has_value()) << "it is to be replaced by one of the group's own";
  }
  const auto moved = four_shards({"bank=s2,s3"});
  const auto refused = co_await settle_groups(store, apex, moved, start + 3h);
  EXPECT_EQ(refused.has_value() ? ErrorKind::internal : refused.error().kind, ErrorKind::conflict);
  const auto other_name = four_shards({"test=s2"});
  const auto renamed = co_await settle_groups(store, apex, other_name, start + 3h);
  EXPECT_TRUE(renamed.has_value());
  KeyBook of_test(store, apex, "test", "self-issued");
  EXPECT_TRUE((co_await of_test.load(start + 3h)).has_value());
  EXPECT_EQ(of_test.keys().size(), 2U);
  EXPECT_TRUE(of_test.keys().front().replace_asked_at.has_value());
}

io::Task<> settles_once() {
  Bench bench(co_await io::this_executor());
  co_await settles(bench.keys());
}

TEST(SettleGroups, a_new_group_begins_with_copies_once) { io::run_to_end(settles_once()); }

}  // namespace
}  // namespace danewerk::service
