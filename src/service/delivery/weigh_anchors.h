// weigh_anchors(): what negative trust anchors mean for the facts about one next hop.
//
// An anchor makes the resolver answer "insecure" where validation fails (RFC 7646). Two things must hold then. Whatever is decided
// on such an answer says under whose anchor it stands. And an anchor that has ended, but that the resolver may not have let go
// yet, changes nothing: an unsigned answer below it is no answer, mail waits (doubt never means cleartext).
#pragma once

#include <vector>

#include "types/destination_facts.h"
#include "types/negative_anchor.h"

namespace danewerk::service {

/// The anchors in force at `now` that cover a name with an insecure answer, aliases included. Insecure answers below an ended anchor
/// become LookupErrorKind::resolver_unfit in `facts`: our own side's fault, which counts toward no limit.
std::vector<types::NegativeAnchor> weigh_anchors(types::DestinationFacts& facts, const std::vector<types::NegativeAnchor>& anchors, Instant now);

}  // namespace danewerk::service
