// What the senders of alerts tell the log.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service::alert_events {

inline constexpr types::LogEvent not_sent{"alert.not_sent", types::LogLevel::warning,
                                          "A channel for alerts does not take them; they wait and are tried again.",
                                          "See 'what'. The alerts themselves are in this log (alert.raised) and in `danewerk status`."};
inline constexpr types::LogEvent sent_again{"alert.sent_again", types::LogLevel::notice, "A channel for alerts takes them again.", ""};

inline constexpr std::array all{not_sent, sent_again};

}  // namespace danewerk::service::alert_events
