// plan(): from facts to the terms of delivery.
//
// Without one place that fixes, before any connection, what each host must prove, the decision seeps into the SMTP
// client: a handshake fails, a helper retries in clear, and a published promise of TLS is void. plan() is that place. It
// is a pure function of its arguments; the same facts, demands, rules and seed give the same plan, so a trace can be
// re-played and `explain` shows what delivery would do.
//
// Invariants, held by tests/scenarios over the whole product of cases:
//   a host for which any lookup failed is never a hop (TL-09, RES-02), except that the sender's TLS-Required: No
//   overlooks a failed TLSA lookup (RTL-06): where it is, is never overlooked;
//   a host with a secure TLSA set is never a hop at `opportunistic` (TL-11), except where the operator said `none`
//   or `audit` for the destination (RFC 7672 9.1), or the sender TLS-Required: No and the operator nothing against it;
//   hops are ordered by preference, whatever they publish (MX-04);
//   there is a `stop` exactly where there is no hop.
//
// RFC 5321 5.1; RFC 7505; RFC 7672 2.2, 3.2.2, 6, 9.1; RFC 8689 4.2.
#pragma once

#include "base/instant.h"
#include "types/delivery_plan.h"
#include "types/destination_facts.h"
#include "types/rules.h"
#include "types/seed.h"

namespace danewerk::policy {

/// Call when missing_questions() and missing_associations() are empty for `demands.dane`; what is missing all the same
/// keeps its host out as a fault of our own. `seed` shuffles hosts of equal preference.
types::DeliveryPlan plan(const types::DestinationFacts& facts, const types::MessageDemands& demands,
                         const types::Rules& rules, Instant now, types::Seed seed);

/// Shuffles hosts of equal preference once more, for another message on the same plan.
void reshuffle(types::DeliveryPlan& plan, types::Seed seed);

/// The fault to name where several stand in the way: ours before a policy that was not met, that before a host that is
/// down, and any that may pass before one that will not. The first of equals. `faults` must not be empty (CHECKed).
const types::Fault& weightiest(const std::vector<const types::Fault*>& faults);

}  // namespace danewerk::policy
