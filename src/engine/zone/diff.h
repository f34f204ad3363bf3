// diff(): from what a zone holds to what it should hold, as changes that can fail but not do harm.
//
// Each change is one atomic UPDATE whose prerequisites name exactly the RRsets we believe are there (RFC 2136 2.4.2,
// DDNS-02). So a change that arrives twice, late, or beside somebody else's is refused as a whole, and the answer to a
// refusal is to look again and plan again, never to force. RRsets that `desired` does not list are not looked at and not
// touched.
#pragma once

#include <vector>

#include "engine/zone/mx_zone.h"
#include "types/zone_change.h"

namespace danewerk::zone {

/// RRsets in one change: keeps an UPDATE message below 64 KiB with room to spare.
constexpr std::size_t most_sets_a_change = 60;

/// `observed` holds what is in the zone now for every (name, type) of `desired`; one that is missing there is taken to be
/// absent. Records are compared as sets; a TTL that differs is a difference. No difference, no change. Sets beyond
/// most_sets_a_change go into further changes, in order. DDNS-01, DDNS-02.
std::vector<types::ZoneChange> diff(const types::DomainName& zone, const std::vector<types::RrSet>& desired,
                                    const std::vector<types::RrSet>& observed);

/// The same for RRsets of the zone and of the zones of its explicit shards: a change for each zone that differs.
std::vector<types::ZoneChange> diff(const MxZone& zone, const std::vector<types::RrSet>& desired, const std::vector<types::RrSet>& observed);

/// "*.s1.mx.example TLSA: 2 records become 3" for each set that changes: what an operator reads in the log.
std::string describe(const types::ZoneChange& change);

}  // namespace danewerk::zone
