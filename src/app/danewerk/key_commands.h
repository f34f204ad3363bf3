// The commands about the edge's keys: key list, show, roll, compromised.
#pragma once

#include "app/danewerk/hoster_commands.h"

namespace danewerk::app {

/// `asking` outlives the parsing.
void add_key_commands(CLI::App& app, const Asking& asking);

}  // namespace danewerk::app
