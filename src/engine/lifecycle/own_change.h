// The owner's part of a step, as a change of the domain's own zone: for zones that take updates from us (RFC 2136).
//
// The change says what it rests on: the MX set as it was seen is a prerequisite, so that a set somebody else changed meanwhile is
// left alone and looked at anew. Other hosts stay behind ours until it is safe to take them away. DDNS-02.
#pragma once

#include <optional>

#include "engine/lifecycle/status.h"
#include "types/zone_change.h"

namespace danewerk::lifecycle {

/// What `status.next` asks of the owner. Nothing where it asks nothing of him, where it is too early (`not before`), or where
/// what is there now is not known. `zone` is the apex of the zone that holds the domain.
std::optional<types::ZoneChange> own_change(const DomainStatus& status, const types::DomainFacts& facts, const types::DomainSight& sight,
                                            const Expectation& expected, const types::DomainName& zone, Instant now);

/// As lines of a diff, "- " and "+ ".
std::vector<std::string> describe(const types::ZoneChange& change, const types::DomainSight& sight, const Expectation& expected);

}  // namespace danewerk::lifecycle
