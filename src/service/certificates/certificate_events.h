// What the certificate service says, in one table.
#pragma once

#include "types/log_event.h"

namespace danewerk::service::certificate_events {

using types::LogEvent;
using types::LogLevel;

inline constexpr LogEvent ordered{"certificate.ordered", LogLevel::notice,
    "A certificate was ordered from the CA, for a key that is already published or that no record depends on.", ""};
inline constexpr LogEvent obtained{"certificate.obtained", LogLevel::notice,
    "The CA has issued the certificate; it is kept until its key may serve.", ""};
inline constexpr LogEvent order_failed{"certificate.order_failed", LogLevel::error,
    "The CA gave no certificate; it is asked again at the instant given. What serves goes on serving.",
    "See 'why': the CA's own words, or ours where it was not reached. `danewerk certificate list` has all orders."};
inline constexpr LogEvent caa_forbids{"certificate.caa_forbids", LogLevel::error,
    "A CAA record does not let our CA issue; the CA was not asked.", "See 'remedy'."};
inline constexpr LogEvent leftover_removed{"certificate.leftover_removed", LogLevel::notice,
    "A challenge's record that an interrupted order left in the zone was taken out.", ""};

}  // namespace danewerk::service::certificate_events
