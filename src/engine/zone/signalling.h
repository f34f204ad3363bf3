// Signalling records: by which a parent that has no DS of ours yet can take the first one without anybody's hand (RFC 9615).
//
// CDS and CDNSKEY at our zone's apex prove nothing while no DS vouches for the keys that sign them. So whoever runs a name server of
// ours says the same once more, in a signed zone that parents can trust already: below the server's own name, at
// `_dsboot.<zone>._signal.<name server>`. Servers whose names lie in our own zone cannot say it: it would prove itself. Those
// zones are not ours; we say what must stand there, and whether it does. A parent gives up where one copy differs. PUB-14.
#pragma once

#include <string>
#include <vector>

#include "engine/zone/health.h"
#include "types/zone_change.h"

namespace danewerk::zone {

/// One for each record type and name server outside of the zone; none where the zone publishes no CDS or CDNSKEY, or where a name would
/// be too long.
std::vector<types::RrSet> signalling_sets(const ZoneState& zone);

enum class Signal : std::uint8_t {
  there,
  missing,
  differs,   ///< other records than at our apex: the parent gives up
  insecure,  ///< as wanted, but its zone is not signed: the parent gives up
  unseen,    ///< the lookup failed
};
const char* to_string(Signal signal) noexcept;

/// What `found`, by a validating resolver, says of `wanted`.
Signal judge_signal(const types::RrSet& wanted, const types::Lookup& found);

/// "12345 13 2 ab12..." or "257 3 13 mdsswUyr...", as a zone file has it.
std::string signal_text(const types::RrSet& set, const Bytes& rdata);

}  // namespace danewerk::zone
