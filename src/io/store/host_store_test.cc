#include "io/store/host_store.h"

#include <gtest/gtest.h>

#include "io/store/domain_store.h"
#include "io/store/key_store.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using types::DomainName;
using types::HostNode;

struct HostStoreTest : ::testing::Test {
  void SetUp() override { begin(); }
  void begin() {
    KeyStore keys(*store);
    ASSERT_TRUE(test::finish(*store, keys.put_zone_fact("mx.example", {"hosts", "", now})).has_value());
  }
  DomainName name(std::string_view text) { return *DomainName::parse(text); }
  types::AdminAct act(Instant at) { return {"anna", "test", at}; }
  void add(const std::string& domain) {
    types::AcceptedDomain one{name(domain), test::tenant("t"), *types::Route::parse("lmtp:192.0.2.1:24"), {}, ""};
    ASSERT_TRUE(test::finish(*store, domains->add({one}, act(now), DomainStore::NewTenants::made)).has_value());
  }
  void ask(const std::string& domain, types::DomainFacts after) {
    const types::DomainFacts before = domains->snapshot()->find(name(domain))->facts;
    ASSERT_TRUE(test::finish(*store, domains->ask({{name(domain), before, after}}, "domain.enable-dane", act(now))).has_value());
  }
  std::vector<HostWork> due(std::uint32_t most = 100) { return *test::finish(*store, hosts->due(now, most)); }
  void settle(std::vector<HostDone> done) { ASSERT_TRUE(test::finish(*store, hosts->settle(std::move(done), now)).has_value()); }

  Instant now = test::start_of_time;
  std::shared_ptr<SimulatedDisk> disk = SimulatedDisk::make(24, {});
  std::unique_ptr<Store> store = *Store::open(disk, test::turned_settings());
  std::unique_ptr<DomainStore> domains = *DomainStore::open(*store);
  std::optional<HostStore> hosts{*store};
  const HostNode plain{HostNode::Kind::addresses, Ttl{60}, {*types::IpAddress::parse("192.0.2.1")}};
};

struct WildcardsAlone : HostStoreTest {
  void SetUp() override {}
};

TEST_F(WildcardsAlone, nothing_is_noted_until_a_keeper_begins) {
  add("a.example");
  EXPECT_TRUE(due().empty());
  begin();
  add("b.example");
  ASSERT_EQ(due().size(), 1U);
  EXPECT_EQ(due()[0].domain, name("b.example"));
}

TEST_F(HostStoreTest, what_comes_changes_or_goes_is_noted_in_order) {
  add("a.example");
  add("b.example");
  ASSERT_EQ(due().size(), 2U);
  EXPECT_EQ(due()[0].domain, name("a.example"));
  EXPECT_TRUE(due()[0].facts.has_value());
  EXPECT_EQ(due(1).size(), 1U);
  const HeldHost held{name("b-example.s1.mx.example"), name("mx.example"), plain};
  settle({{due()[0].id, name("a.example"), std::nullopt}, {due()[1].id, name("b.example"), held}});
  EXPECT_TRUE(due().empty());
  types::DomainFacts asked;
  asked.dnssec.asked = now;
  ask("b.example", asked);
  ASSERT_EQ(due().size(), 1U);
  EXPECT_EQ(due()[0].held, held);
  EXPECT_TRUE(due()[0].facts->dnssec.is_on());
  asked.looked = now;  // a look changes nothing in the zone
  settle({{due()[0].id, name("b.example"), held}});
  ask("b.example", asked);
  EXPECT_TRUE(due().empty());
  ASSERT_TRUE(test::finish(*store, domains->remove(name("b.example"), act(now))).has_value());
  ASSERT_EQ(due().size(), 1U);
  EXPECT_FALSE(due()[0].facts.has_value());
  EXPECT_EQ(due()[0].held, held);
  settle({{due()[0].id, name("b.example"), std::nullopt}});
  EXPECT_TRUE(test::finish(*store, hosts->held())->empty());
}

/// A change that comes while an older one is under way is not lost when that one ends.
TEST_F(HostStoreTest, finished_work_never_takes_newer_work_along) {
  add("a.example");
  const HostWork old = due()[0];
  types::DomainFacts asked;
  asked.dnssec.asked = now;
  ask("a.example", asked);
  settle({{old.id, name("a.example"), std::nullopt}});
  ASSERT_EQ(due().size(), 1U);
  EXPECT_NE(due()[0].id, old.id);
  settle({{due()[0].id, name("a.example"), HeldHost{name("a-example.s1.mx.example"), name("mx.example"), plain}, HostDone::Then::look_again}});
  EXPECT_EQ(due().size(), 1U);
  EXPECT_TRUE(due()[0].held.has_value());
}

TEST_F(HostStoreTest, a_fault_waits_and_a_new_change_does_not_wait_for_it) {
  add("a.example");
  ASSERT_TRUE(test::finish(*store, hosts->postpone({{due()[0].id, "in the way"}}, now + std::chrono::minutes(5))).has_value());
  EXPECT_TRUE(due().empty());
  const auto faults = *test::finish(*store, hosts->faults(std::nullopt, 10));
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].fault, "in the way");
  EXPECT_EQ(test::finish(*store, hosts->waiting())->faulty, 1U);
  types::DomainFacts asked;
  asked.dane.asked = now;
  ask("a.example", asked);
  EXPECT_EQ(due().size(), 1U);
  EXPECT_TRUE(test::finish(*store, hosts->faults(name("a.example"), 10))->empty());
}

TEST_F(HostStoreTest, everything_is_gone_through_again_and_a_zone_can_be_forgotten) {
  add("a.example");
  add("b.example");
  const HeldHost held{name("b-example.s1.mx.example"), name("mx.example"), plain};
  settle({{due()[0].id, name("a.example"), std::nullopt}, {due()[1].id, name("b.example"), held}});
  EXPECT_EQ(test::finish(*store, hosts->held())->at(name("mx.example")), 1U);
  ASSERT_TRUE(test::finish(*store, hosts->note_all()).has_value());
  EXPECT_EQ(due().size(), 2U);
  settle({{due()[0].id, name("a.example"), std::nullopt}, {due()[1].id, name("b.example"), held}});
  const auto sample = *test::finish(*store, hosts->sample(name("mx.example")));
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->second, held);
  ASSERT_TRUE(test::finish(*store, hosts->forget(name("mx.example"))).has_value());
  ASSERT_EQ(due().size(), 1U);
  EXPECT_FALSE(due()[0].held.has_value());
}

}  // namespace
}  // namespace danewerk::io
