// Instant: a point in civil time, to the millisecond, always UTC.
//
// Time is an argument in Danewerk: engines never read a clock. One type serves log lines, retry schedules, certificate
// dates and session deadlines, so that a test can run all of them in virtual time. io/runtime's Clock supplies it from a
// monotonic source anchored to the wall clock, so that an Instant never runs backwards within a process.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace danewerk {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

/// How long a DNS record may be believed; seconds (RFC 1035 3.2.1), at most 2^31-1 (RFC 2181 8).
using Ttl = std::chrono::duration<std::uint32_t>;
/// Whole seconds; what is left of one is dropped.
constexpr Ttl to_ttl(Duration duration) { return std::chrono::duration_cast<Ttl>(duration); }

/// RFC 3339 5.6, UTC: "2026-11-23T15:04:05Z", with ".123" only where the milliseconds are not zero.
std::string to_rfc3339(Instant instant);

/// Reads an RFC 3339 5.6 date-time with any offset; the fraction is cut to milliseconds. Error: malformed.
Result<Instant> parse_rfc3339(std::string_view text);

/// RFC 5322 3.3, UTC: "Mon, 23 Nov 2026 15:04:05 +0000".
std::string to_rfc5322(Instant instant);

/// For people: "90 s", "15 min", "4 h", "2 d": the largest unit that keeps two digits of sense.
std::string to_string(Duration duration);

}  // namespace danewerk
