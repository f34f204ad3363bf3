// Cache rules: which policy is in force now, and whether one must be fetched.
//
// MTA-STS is only as strong as its cache. A sender that forgets a policy when the TXT record cannot be had, or when the
// policy host is down, can be talked out of TLS by whoever blocks them; one that never looks again keeps an old policy after
// the domain has moved. What is kept is facts with instants: the last policy fetched, the last failure. Everything else is
// computed from them and the present time, here:
//
//   in force      the last policy fetched, until max_age has passed since; whatever the TXT record or the host say meanwhile
//   fetch now     the TXT record names an id whose policy we do not hold; but not within 5 minutes of a failure of that id
//   refresh       daily, or after half of a shorter life, whatever the TXT record says, so that a policy in use never runs out
//                 while it can be had; an hour after a failure
//   recheck       before mail is returned because of a policy in mode enforce: the record, and the policy itself
//
// RFC 8461 3.3, 5, 5.1, 10.2; STS-01, STS-05, STS-06, STS-11.
#pragma once

#include <optional>
#include <string>

#include "engine/mtasts/policy_text.h"
#include "types/sts_memory.h"

namespace danewerk::mtasts {

using Memory = types::StsMemory;

/// When the policy runs out. Not before a minute has passed: max_age 0 would mean a fetch for every message.
Instant expires(const Memory& memory);
bool is_in_force(const Memory& memory, Instant now);

/// STS-01, STS-05, STS-06: mail is waiting. `memory` empty: nothing is known of the domain.
bool wants_fetch(const std::optional<Memory>& memory, const RecordReading& record, Instant now);
/// When the policy should be fetched again although nobody has asked; nothing where it should not: it has run out, is not in
/// use, or its mode is none.
std::optional<Instant> refresh_at(const Memory& memory, Instant now);
/// STS-11. False where the policy was fetched, or failed to be, within the last minute.
bool may_recheck(const std::optional<Memory>& memory, Instant now);

/// The memory after a fetch that succeeded, or failed.
Memory after_success(std::optional<Memory> memory, types::StsPolicy policy, std::string id, Instant now);
Memory after_failure(std::optional<Memory> memory, types::StsFault fault, std::string id);

/// The fact the policy engine is given.
types::StsFact fact_of(const types::DomainName& domain, const std::optional<Memory>& memory, const RecordReading& record, Instant now);

/// How long a domain is refreshed after mail last went there.
inline constexpr std::chrono::hours in_use_for{14 * 24};
/// How exact `used` is: more would be a write for every message.
inline constexpr std::chrono::hours used_to_the{24};

}  // namespace danewerk::mtasts
