// What the control server tells the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::app::control_events {

inline constexpr types::LogEvent accept_failed{"control.accept_failed", types::LogLevel::warning, "A command could not be taken; it is tried again.",
                                               "Raise the limit of open files if that is the reason given."};

inline constexpr std::array all{accept_failed};

}  // namespace danewerk::app::control_events
