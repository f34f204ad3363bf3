// What the host of MTA-STS policies says, in one table.
#pragma once

#include "types/log_event.h"

namespace danewerk::service::hosting_events {

using types::LogEvent;
using types::LogLevel;

inline constexpr LogEvent new_text{"mta_sts.policy_served", LogLevel::notice, "Another policy text is served for the domain from now on.", ""};
inline constexpr LogEvent announced{"mta_sts.policy_announced", LogLevel::notice,
    "The text was fetched by its public name, and its id stands in our zone on every server.", ""};
inline constexpr LogEvent gone{"mta_sts.policy_gone", LogLevel::notice,
    "No sender holds a policy of this domain any more; nothing is served for it now.", "The owner may remove his records."};
inline constexpr LogEvent step_failed{"mta_sts.step_failed", LogLevel::warning, "A step for a hosted policy failed; it is tried again.", "See 'why'."};
inline constexpr LogEvent finding_begins{"mta_sts.finding", LogLevel::warning, "Something about a hosted policy is not as it should be.", "See 'remedy'."};
inline constexpr LogEvent finding_over{"mta_sts.finding_over", LogLevel::notice, "It is as it should be again.", ""};
inline constexpr LogEvent cannot_load{"mta_sts.policies_unreadable", LogLevel::error, "The policies we serve could not be read from the store; none is served.",
    "Senders go on with what they hold. Look at the store's error and the disk."};

}  // namespace danewerk::service::hosting_events
