// The life of a message, as `danewerk trace` tells it.
#pragma once

#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

/// The answer of the operation `trace`: a list, or one life in the order in which it happened.
std::string render_trace(const Json& answer);

}  // namespace danewerk::app
