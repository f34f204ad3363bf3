// What the negative trust anchors tell the operator.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service::anchor_events {

inline constexpr types::LogEvent begun{"nta.in_force", types::LogLevel::warning, "The resolver validates nothing at and below this name: DANE is off there.",
                                       "It ends by itself; `danewerk nta remove` ends it now."};
inline constexpr types::LogEvent ended{"nta.ended", types::LogLevel::notice, "The resolver validates this name again.", ""};
inline constexpr types::LogEvent unreached{"nta.resolver_unreached", types::LogLevel::warning, "The resolver could not be told its negative trust anchors.",
                                           "Mail to these names waits until it can; look at the resolver's process."};

inline constexpr std::array all{begun, ended, unreached};

}  // namespace danewerk::service::anchor_events
