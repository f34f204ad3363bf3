// The commands about our MX zone.
#pragma once

#include "app/danewerk/hoster_commands.h"

namespace danewerk::app {

/// `asking` outlives the parsing.
void add_zone_commands(CLI::App& app, const Asking& asking);

}  // namespace danewerk::app
