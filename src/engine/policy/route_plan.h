// route_plan(): the plan for mail whose next host the operator named by address: a tenant's mailbox host.
//
// Behind the edge there is no MX to look up and no stranger to authenticate: the operator said where accepted mail goes.
// The round (next_target, judge) is the same as for mail to the Internet, so the plan has the same form.
#pragma once

#include <span>

#include "types/delivery_plan.h"

namespace danewerk::policy {

/// One hop an endpoint, in their order, each at `opportunistic` with LevelReason::address_literal. `endpoints` must not be
/// empty (CHECKed).
types::DeliveryPlan route_plan(std::span<const types::Endpoint> endpoints, const types::MessageDemands& demands, Instant now);

}  // namespace danewerk::policy
