// What the keeper of proofs tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service::prover_events {

inline constexpr types::LogEvent kept{"prover.kept", types::LogLevel::debug, "The DNSSEC chain behind a delivery is kept.", ""};
inline constexpr types::LogEvent not_kept{"prover.not_kept", types::LogLevel::warning, "No proof is kept for a delivery; the mail itself is not concerned.",
                                          "`danewerk prove --gather` tries again, as long as the signatures of then are still published."};
inline constexpr types::LogEvent store_failed{"prover.store_failed", types::LogLevel::warning, "What proofs are wanted could not be read, or one not be kept.",
                                              "Look at the store's error and the disk; it is tried again."};

inline constexpr std::array all{kept, not_kept, store_failed};

}  // namespace danewerk::service::prover_events
