// Evidence: what a delivery rested on, as JSON for the store, `queue show` and the log.
//
// Printed from the very values the machine decided with (design.md 2.5): the plan, its faults, the attempts as they
// happened. docs/formats/evidence.md lists the fields.
#pragma once

#include <span>
#include <string>

#include "types/attempt.h"
#include "types/delivery_plan.h"
#include "types/negative_anchor.h"
#include "types/outcome.h"

namespace danewerk::service {

/// What everything below rests on besides DNS: the negative trust anchors in force for it.
using Anchors = std::span<const types::NegativeAnchor>;

/// The whole plan: next hop, hops with their terms, hosts left out with the reason, the stop.
std::string evidence_of(const types::DeliveryPlan& plan, Anchors anchors = {});

/// One attempt: host, address, what was demanded, TLS, the record that matched or the reason none did, replies.
std::string evidence_of(const types::DeliveryPlan& plan, const types::Attempt& attempt, Anchors anchors = {});

/// One recipient's outcome: code, sentence, assurance, fault with its lookup.
std::string evidence_of(const types::Outcome& outcome, Anchors anchors = {});

}  // namespace danewerk::service
