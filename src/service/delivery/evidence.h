// Evidence: what a delivery rested on, as JSON for the store, `queue show` and the log.
//
// Printed from the very values the machine decided with (design.md 2.5): the plan, its faults, the attempts as they
// happened. docs/formats/evidence.md lists the fields.
#pragma once

#include <span>
#include <string>

#include "types/attempt.h"
#include "types/delivery_plan.h"
#include "types/destination_facts.h"
#include "types/negative_anchor.h"
#include "types/outcome.h"

namespace danewerk::service {

/// What a plan rests on: the DNS answers, none where the operator named the hosts, and the negative trust anchors in force for it.
struct Ground {
  const types::DestinationFacts* facts = nullptr;
  std::span<const types::NegativeAnchor> anchors{};
};

/// The whole plan: next hop, hops with their terms, hosts left out with the reason, the stop; and every answer it rests on.
std::string evidence_of(const types::DeliveryPlan& plan, Ground ground);

/// One attempt: host, address, what was demanded, TLS, the record that matched or the reason none did, replies; and the
/// answers about the next hop and this host.
std::string evidence_of(const types::DeliveryPlan& plan, Ground ground, const types::Attempt& attempt);

/// One recipient's outcome: code, sentence, assurance, fault with its lookup.
std::string evidence_of(const types::Outcome& outcome, std::span<const types::NegativeAnchor> anchors = {});

}  // namespace danewerk::service
