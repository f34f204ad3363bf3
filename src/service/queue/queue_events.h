// What the queue tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service {

inline constexpr types::LogEvent claim_failed{"queue.claim_failed", types::LogLevel::error,
                                              "The queue, or what waits for a hop, could not be read; delivery of it pauses.",
                                              "Look at the store's error and the disk."};

inline constexpr std::array queue_events{claim_failed};

}  // namespace danewerk::service
