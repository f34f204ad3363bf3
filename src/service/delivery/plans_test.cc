// What is kept of a plan, and what never is.
#include "service/delivery/plans.h"

#include <gtest/gtest.h>

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

const Instant now = *parse_rfc3339("2026-11-24T12:00:00Z");

struct Made {
  types::DestinationFacts facts;
  types::DeliveryPlan plan;
};

Made made_for(const std::string& domain, std::chrono::seconds ttl = 3600s) {
  Made made;
  made.facts.next_hop = *types::NextHop::parse(domain);
  types::Secured<types::DnsAnswer> answer;
  answer.asked = now;
  answer.ttl = Ttl{ttl};
  made.facts.lookups.emplace(types::DnsQuestion{*types::DomainName::parse(domain), types::RecordType::mx}, answer);
  made.plan.next_hop = made.facts.next_hop;
  made.plan.made = now;
  made.plan.valid_until = now + 1h;
  made.plan.hops.resize(1);
  return made;
}

TEST(Plans, stand_as_long_as_every_answer_and_a_minute_at_most) {
  Plans plans(10);
  EXPECT_EQ(plans.find(made_for("a.test").plan.next_hop, {}, 0, now), nullptr);
  for (const auto& [domain, ttl, stands] : {std::tuple("a.test", 10s, 10s), std::tuple("b.test", 3600s, 60s)}) {
    const Made made = made_for(domain, ttl);
    plans.keep(std::make_shared<const types::DestinationFacts>(made.facts), made.plan, 0);
    EXPECT_NE(plans.find(made.plan.next_hop, {}, 0, now + stands - 1ms), nullptr) << domain;
    EXPECT_EQ(plans.find(made.plan.next_hop, {}, 0, now + stands), nullptr) << domain;
  }
}

// RES-20, RES-02: an answer that failed has no life of its own
TEST(Plans, what_rests_on_a_failed_lookup_is_not_kept) {
  Plans plans(10);
  Made made = made_for("a.test");
  types::LookupError error;
  made.facts.lookups.emplace(types::DnsQuestion{*types::DomainName::parse("mx.a.test"), types::RecordType::a}, Failure{error});
  plans.keep(std::make_shared<const types::DestinationFacts>(made.facts), made.plan, 0);
  EXPECT_EQ(plans.size(), 0U);
  made = made_for("a.test");
  made.plan.hops.clear();
  plans.keep(std::make_shared<const types::DestinationFacts>(made.facts), made.plan, 0);
  EXPECT_EQ(plans.size(), 0U);
}

TEST(Plans, other_demands_find_nothing) {
  Plans plans(10);
  const Made made = made_for("a.test");
  plans.keep(std::make_shared<const types::DestinationFacts>(made.facts), made.plan, 0);
  types::MessageDemands demands;
  demands.require_tls = types::RequireTls::yes;
  EXPECT_EQ(plans.find(made.plan.next_hop, demands, 0, now), nullptr);
  demands = {};
  demands.dane = types::DaneMode::mandatory;
  EXPECT_EQ(plans.find(made.plan.next_hop, demands, 0, now), nullptr);
  EXPECT_EQ(plans.find(*types::NextHop::parse("a.test:587"), {}, 0, now), nullptr);
}

// RES-05: answers the resolver disowns take their conclusions with them
TEST(Plans, go_when_the_resolver_disowns_its_answers) {
  Plans plans(10);
  const Made made = made_for("a.test");
  plans.keep(std::make_shared<const types::DestinationFacts>(made.facts), made.plan, 0);
  EXPECT_EQ(plans.find(made.plan.next_hop, {}, 1, now), nullptr);
  EXPECT_EQ(plans.size(), 0U);
  plans.keep(std::make_shared<const types::DestinationFacts>(made.facts), made.plan, 0);
  EXPECT_EQ(plans.size(), 0U) << "made from answers that were disowned meanwhile";
}

TEST(Plans, the_least_recently_used_goes_first) {
  Plans plans(2);
  for (const char* domain : {"a.test", "b.test"}) plans.keep(std::make_shared<const types::DestinationFacts>(made_for(domain).facts), made_for(domain).plan, 0);
  EXPECT_NE(plans.find(*types::NextHop::parse("a.test"), {}, 0, now), nullptr);
  plans.keep(std::make_shared<const types::DestinationFacts>(made_for("c.test").facts), made_for("c.test").plan, 0);
  EXPECT_EQ(plans.find(*types::NextHop::parse("b.test"), {}, 0, now), nullptr);
  EXPECT_NE(plans.find(*types::NextHop::parse("a.test"), {}, 0, now), nullptr);
  EXPECT_EQ(plans.size(), 2U);
}

}  // namespace
}  // namespace danewerk::service
