// What the written scenarios (tests/scenarios) do not reach: chance, validity, facts that are not there.
#include "engine/policy/plan.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/policy/discovery.h"
#include "engine/policy/questions.h"

namespace danewerk::policy {
namespace {

using namespace types;

const Instant now{std::chrono::hours{490'000}};

DomainName name(std::string_view text) { return *DomainName::parse(text); }

void know(DestinationFacts& facts, const DnsQuestion& question, std::vector<RecordData> records, Ttl ttl = Ttl{300}) {
  DnsAnswer answer{question, Existence::records, {}, std::move(records)};
  facts.lookups.insert_or_assign(question, Lookup(Secured<DnsAnswer>{answer, DnssecStatus::insecure, ttl, now, {}}));
}

DestinationFacts equals(int hosts, Ttl ttl = Ttl{300}) {
  DestinationFacts facts;
  facts.next_hop = *NextHop::parse("example.com");
  std::vector<RecordData> set;
  for (int i = 0; i < hosts; ++i) {
    const DomainName host = name("mx" + std::to_string(i) + ".example.com");
    set.emplace_back(MxRecord{10, host, host.to_string()});
    know(facts, {host, RecordType::a}, {*IpAddress::parse("192.0.2." + std::to_string(i + 1))});
    know(facts, {host, RecordType::aaaa}, {}, ttl);
  }
  know(facts, {name("example.com"), RecordType::mx}, set);
  return facts;
}

// RFC 5321 5.1: equals are randomized; MX-04.
TEST(Plan, every_order_of_equals_is_about_equally_likely) {
  const DestinationFacts facts = equals(3);
  std::map<std::string, int> orders;
  constexpr int rounds = 6000;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    std::string order;
    for (const Hop& hop : plan(facts, {}, Rules{}, now, Seed{seed}).hops) order += hop.to_string()[2];
    ++orders[order];
  }
  EXPECT_EQ(orders.size(), 6U);
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, rounds / 6, 150) << order;
}

TEST(Plan, the_same_arguments_give_the_same_plan) {
  const DestinationFacts facts = equals(5);
  EXPECT_EQ(plan(facts, {}, Rules{}, now, Seed{42}), plan(facts, {}, Rules{}, now, Seed{42}));
}

/// The hosts are mx0, mx1, ...; the policy names mx0 only.
DestinationFacts with_enforced_policy(int hosts) {
  DestinationFacts facts = equals(hosts);
  StsPolicy policy{StsPolicyMode::enforce, {*StsMxPattern::parse("mx0.example.com")}, std::chrono::hours(24)};
  facts.sts.emplace();
  facts.sts->domain = name("example.com");
  facts.sts->in_force = StsInForce{policy, StsSource::live, "1", now, now + std::chrono::hours(24)};
  return facts;
}

// RTL-06, RFC 8689 4.2.2: MTA-STS is looked at and reported, and stops nothing; the operator's own rules do
TEST(Plan, tls_required_no_overlooks_mta_sts_but_no_rule_of_the_operator) {
  const DestinationFacts facts = with_enforced_policy(2);
  MessageDemands demands;
  ASSERT_EQ(plan(facts, demands, Rules{}, now, Seed{}).hops.size(), 1U) << "mx1 is not named";
  demands.require_tls = RequireTls::waived;
  const DeliveryPlan waived = plan(facts, demands, Rules{}, now, Seed{});
  ASSERT_EQ(waived.hops.size(), 2U);
  for (const Hop& hop : waived.hops) {
    EXPECT_EQ(hop.level, SecurityLevel::opportunistic);
    EXPECT_EQ(hop.audit, SecurityLevel::verified);
    EXPECT_TRUE(hop.waived);
  }
  EXPECT_EQ(waived.demands, demands) << "the plan says what was demanded";

  demands.mta_sts = StsMode::mandatory;
  const DeliveryPlan ruled = plan(facts, demands, Rules{}, now, Seed{});
  ASSERT_EQ(ruled.hops.size(), 1U);
  EXPECT_EQ(ruled.hops[0].level, SecurityLevel::verified);
  EXPECT_FALSE(ruled.hops[0].waived);

  demands.mta_sts = StsMode::opportunistic;
  Rules deaf;
  deaf.waivers = WaiverUse::ignore;
  EXPECT_EQ(plan(facts, demands, deaf, now, Seed{}).hops.size(), 1U);
}

TEST(Plan, tls_required_no_does_not_wait_for_a_policy_nobody_knows_of) {
  DestinationFacts facts = equals(1);
  facts.sts.emplace();
  facts.sts->unknown = "the store cannot be read";
  MessageDemands demands;
  EXPECT_TRUE(plan(facts, demands, Rules{}, now, Seed{}).stop.has_value());
  demands.require_tls = RequireTls::waived;
  EXPECT_FALSE(plan(facts, demands, Rules{}, now, Seed{}).stop.has_value());
}

// RES-20: no answer is believed longer than its TTL.
TEST(Plan, is_valid_as_long_as_its_first_answer) {
  EXPECT_EQ(plan(equals(2), {}, Rules{}, now, Seed{}).valid_until, now + std::chrono::seconds(300));
  EXPECT_EQ(plan(equals(2, Ttl{7}), {}, Rules{}, now, Seed{}).valid_until, now + std::chrono::seconds(7));
  EXPECT_EQ(plan(equals(2, Ttl{7}), {}, Rules{}, now + std::chrono::hours(1), Seed{}).valid_until,
            now + std::chrono::hours(1));
}

TEST(Plan, asked_too_early_waits_at_our_expense) {
  DestinationFacts facts = equals(1);
  facts.lookups.erase({name("mx0.example.com"), RecordType::aaaa});
  DeliveryPlan early = plan(facts, {}, Rules{}, now, Seed{});
  ASSERT_TRUE(early.stop);
  EXPECT_EQ(early.stop->kind, FaultKind::ours);
  facts.lookups.clear();
  early = plan(facts, {}, Rules{}, now, Seed{});
  ASSERT_TRUE(early.stop);
  EXPECT_EQ(early.stop->kind, FaultKind::ours);
  EXPECT_EQ(early.stop->lasting, Lasting::transient);
}

// A hostile MX set costs a bounded number of questions.
TEST(Questions, two_hundred_and_fifty_hosts_cost_forty_questions) {
  const DestinationFacts facts = equals(250);
  DestinationFacts only_mx;
  only_mx.next_hop = facts.next_hop;
  only_mx.lookups.insert(*facts.lookups.find({name("example.com"), RecordType::mx}));
  EXPECT_EQ(missing_questions(only_mx, Rules{}).size(), 40U);
}

TEST(Questions, full_records_are_looked_into_once) {
  DestinationFacts facts;
  facts.next_hop = *NextHop::parse("[mx.example.com]");
  const auto secure = [&facts](const char* owner, RecordType type, std::vector<RecordData> records) {
    know(facts, {name(owner), type}, std::move(records));
    facts.lookups.at({name(owner), type})->status = DnssecStatus::secure;
  };
  secure("mx.example.com", RecordType::a, {*IpAddress::parse("192.0.2.1")});
  secure("mx.example.com", RecordType::aaaa, {});
  const TlsaRecord full = *TlsaRecord::parse("2 0 0 0102");
  secure("_25._tcp.mx.example.com", RecordType::tlsa, {full, full, *TlsaRecord::parse("3 1 1 00"), TlsaRecord::from_rdata(Bytes{})});
  EXPECT_TRUE(missing_questions(facts, Rules{}).empty());
  EXPECT_EQ(missing_associations(facts, Rules{}), std::vector{full});
  facts.associations[full] = AssociationData::unparsable;
  EXPECT_TRUE(missing_associations(facts, Rules{}).empty());
  EXPECT_EQ(plan(facts, {}, Rules{}, now, Seed{}).hops.front().level, SecurityLevel::encrypted);  // TL-11 b
}

TEST(NextHop, text) {
  for (const char* same : {"example.com", "example.com:587", "[relay.example.com]", "[relay.example.com]:587",
                           "[192.0.2.1]", "[2001:db8::1]:26"}) {
    EXPECT_EQ(NextHop::parse(same)->to_string(), same);
  }
  EXPECT_EQ(NextHop::parse("[IPv6:2001:db8::1]")->to_string(), "[2001:db8::1]");
  EXPECT_EQ(NextHop::parse("Example.COM:25")->to_string(), "example.com");
  for (const char* bad : {"", "[", "[]", "[a", "[a]b", "[a]:", "[a]:0", "[a]:65536", "a:", "a:x", "192.0.2.1", ".", "[.]"}) {
    EXPECT_FALSE(NextHop::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace danewerk::policy
