// What the control server, and the alerts it shows, tell the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::app::control_events {

inline constexpr types::LogEvent accept_failed{"control.accept_failed", types::LogLevel::warning, "A command could not be taken; it is tried again.",
                                               "Raise the limit of open files if that is the reason given."};

inline constexpr types::LogEvent alert_raised{"alert.raised", types::LogLevel::error,
                                              "Something is wrong on our own side; where mail waits for it, no message's limit runs.",
                                              "`what` says what; `danewerk status` shows it until it is over."};
inline constexpr types::LogEvent alert_cleared{"alert.cleared", types::LogLevel::notice, "What was wrong on our own side is over.", ""};

inline constexpr std::array all{accept_failed, alert_raised, alert_cleared};

}  // namespace danewerk::app::control_events
