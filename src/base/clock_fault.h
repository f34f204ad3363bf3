// Whether a clock can be trusted. Signatures and certificates are judged by time, so that a wrong clock makes every DNSSEC verdict
// wrong: what it would have verified counts as unknown, and mail waits (RFC 4033 section 8.1 asks for loosely synchronised time).
#pragma once

#include <optional>
#include <string>

#include "base/instant.h"

namespace danewerk {

/// So far may the wall clock move away from the monotonic one while the program runs.
constexpr Duration most_clock_drift = std::chrono::minutes(5);

/// The fault and its remedy, for people, if `now` lies before this program was first released or the wall clock was moved by more
/// than most_clock_drift (`drift` is positive if it was set forward).
std::optional<std::string> clock_fault(Instant now, Duration drift);

}  // namespace danewerk
