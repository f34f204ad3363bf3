#include "engine/policy/route_plan.h"

namespace danewerk::policy {

types::DeliveryPlan route_plan(std::span<const types::Endpoint> endpoints, const types::MessageDemands& demands, Instant now) {
  CHECK(!endpoints.empty());
  types::DeliveryPlan plan;
  plan.next_hop = {endpoints.front().address, endpoints.front().port};
  plan.demands = demands;
  plan.made = now;
  plan.valid_until = now;
  std::uint16_t preference = 0;
  for (const types::Endpoint& endpoint : endpoints) {
    types::Hop hop;
    hop.preference = preference++;
    hop.origin = types::HostOrigin::address;
    hop.addresses = {endpoint.address};
    hop.port = endpoint.port;
    hop.level = types::SecurityLevel::opportunistic;
    hop.reason = types::LevelReason::address_literal;
    plan.hops.push_back(std::move(hop));
  }
  return plan;
}

}  // namespace danewerk::policy
