#include "base/clock_fault.h"

namespace danewerk {

namespace {
constexpr std::chrono::sys_days first_release = std::chrono::year{2026} / 11 / 1;
}  // namespace

std::optional<std::string> clock_fault(Instant now, Duration drift) {
  if (now < first_release) return "the clock says " + to_rfc3339(now) + ", which lies in the past; set it right and start again";
  if (std::chrono::abs(drift) > most_clock_drift) return "the clock was moved by " + to_string(drift) + " since the start; start again";
  return std::nullopt;
}

}  // namespace danewerk
