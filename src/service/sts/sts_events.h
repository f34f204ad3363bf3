// What the MTA-STS service tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service {

inline constexpr types::LogEvent sts_fetched{"sts.policy_fetched", types::LogLevel::info, "A domain's MTA-STS policy is new or has changed.", ""};
inline constexpr types::LogEvent sts_fetch_failed{"sts.fetch_failed", types::LogLevel::notice,
                                                  "A domain announces an MTA-STS policy that cannot be had; with none in force mail goes as without one.",
                                                  "The domain's operator must mend it; `danewerk explain DOMAIN` shows what is known."};
inline constexpr types::LogEvent sts_refresh_failed{"sts.refresh_failed", types::LogLevel::warning,
                                                    "An MTA-STS policy in force could not be fetched again; it holds until it runs out.",
                                                    "If it goes on, tell the domain's operator, or look for who keeps us from the policy host."};
inline constexpr types::LogEvent sts_not_kept{"sts.not_kept", types::LogLevel::error, "What was learned of an MTA-STS policy could not be stored or read.",
                                              "Look at the store's error and the disk."};

inline constexpr std::array sts_events{sts_fetched, sts_fetch_failed, sts_refresh_failed, sts_not_kept};

}  // namespace danewerk::service
