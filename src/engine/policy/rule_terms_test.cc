// What a destination's rule set to watch makes of a host: looked at and recorded, never demanded.
#include <gtest/gtest.h>

#include "engine/policy/plan.h"
#include "engine/policy/terms.h"

namespace danewerk::policy {
namespace {

using namespace types;

Hop host() {
  Hop hop;
  hop.host = MxHost(*DomainName::parse("mx.example.com"));
  hop.addresses = {*IpAddress::parse("192.0.2.1")};
  return hop;
}

MessageDemands watching() {
  MessageDemands demands;
  demands.mta_sts = StsMode::audit;
  return demands;
}

// So that `connector simulate` can answer what a rule that verifies would have done where no policy is published.
TEST(RuleTerms, mta_sts_audit_looks_at_the_certificate_without_a_policy_too) {
  Hop hop = host();
  set_terms(hop, {}, watching());
  EXPECT_EQ(hop.level, SecurityLevel::opportunistic);
  ASSERT_TRUE(hop.pkix.has_value());
  EXPECT_EQ(hop.pkix->force, PkixForce::audit);
  EXPECT_EQ(hop.pkix->names.at(0).to_string(), "mx.example.com");
  EXPECT_FALSE(hop.audit.has_value()) << "nothing would have been demanded";
  EXPECT_FALSE(unmet_terms(hop, "mx.example.com", {}, watching()).has_value());
  Hop usual = host();
  set_terms(usual, {}, {});
  EXPECT_FALSE(usual.pkix.has_value()) << "without audit nobody pays for it";
  Hop unnamed = host();
  unnamed.host = MxHost();
  set_terms(unnamed, {}, watching());
  EXPECT_FALSE(unnamed.pkix.has_value());
}

TEST(RuleTerms, mta_sts_audit_makes_an_enforced_policy_a_watched_one) {
  DestinationFacts facts;
  facts.sts = StsFact{};
  facts.sts->in_force = StsInForce{};
  facts.sts->in_force->policy.mode = StsPolicyMode::enforce;
  facts.sts->in_force->policy.mx = {*StsMxPattern::parse("mx.example.com")};
  Hop hop = host();
  set_terms(hop, facts, watching());
  EXPECT_EQ(hop.level, SecurityLevel::opportunistic);
  EXPECT_EQ(hop.audit, SecurityLevel::verified);
  EXPECT_EQ(hop.sts, StsMatch::named);
  EXPECT_EQ(hop.pkix->force, PkixForce::audit);
}

TEST(RuleTerms, the_plan_says_whether_a_policy_was_looked_for) {
  DestinationFacts facts;
  facts.next_hop = *NextHop::parse("example.com");
  EXPECT_FALSE(plan(facts, {}, {}, Instant{}, Seed{1}).sts_asked.has_value());
  facts.sts = StsFact{};
  facts.sts->domain = *DomainName::parse("example.com");
  EXPECT_EQ(plan(facts, {}, {}, Instant{}, Seed{1}).sts_asked, *DomainName::parse("example.com"));
  MessageDemands none;
  none.mta_sts = StsMode::none;
  EXPECT_FALSE(plan(facts, none, {}, Instant{}, Seed{1}).sts_asked.has_value());
}

}  // namespace
}  // namespace danewerk::policy
