// StsMemory: all that is kept about one domain's MTA-STS policy: the last fetch that succeeded and the last that failed.
//
// Facts with instants only. What is in force, and what is to be fetched when, is computed from them by engine/mtasts; the
// store keeps them, shared by all that use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "types/sts_policy.h"

namespace danewerk::types {

struct StsMemory {
  std::optional<StsPolicy> policy;   ///< of the last successful fetch
  std::string id;                    ///< the record's id at that fetch
  Instant fetched{};
  std::optional<StsFault> fault;     ///< of the last fetch, where one failed; its `at` is when
  std::string failed_id;             ///< the record's id then
  std::uint32_t failures = 0;        ///< in a row
  Instant used{};                    ///< when mail last asked, to the day; for pruning and refreshing

  friend bool operator==(const StsMemory&, const StsMemory&) = default;
};

}  // namespace danewerk::types
