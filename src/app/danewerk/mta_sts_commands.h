// The commands of the MTA-STS policies we host: mta-sts enable, status, set-mode, disable, list.
#pragma once

#include "app/danewerk/hoster_commands.h"

namespace danewerk::app {

/// `asking` outlives the parsing.
void add_mta_sts_commands(CLI::App& app, const Asking& asking);

}  // namespace danewerk::app
