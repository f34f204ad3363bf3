// gather(): fills DestinationFacts by asking the resolver what the policy engine still wants to know.
//
// All knowledge of which question follows which answer is in engine/policy; here is only the waiting. Questions that can be
// asked at once are asked at once, so a cold destination costs as many round trips as RFC 7672 2.2's order demands.
#pragma once

#include "io/dns/resolver.h"
#include "io/runtime/clock.h"
#include "types/destination_facts.h"
#include "types/rules.h"

namespace danewerk::service {

/// Never fails: a lookup that failed is a fact like any other.
io::Task<types::DestinationFacts> gather(io::dns::Resolver& resolver, const io::Clock& clock, types::NextHop next_hop,
                                         const types::Rules& rules, types::DaneMode mode);

}  // namespace danewerk::service
