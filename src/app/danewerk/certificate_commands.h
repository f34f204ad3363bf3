// certificate: what is there, requests for the operator's own tool, staging; acme-hook: how the ACME client calls back.
#pragma once

#include "app/danewerk/hoster_commands.h"

namespace danewerk::app {

/// `asking` outlives the parsing.
void add_certificate_commands(CLI::App& app, const Asking& asking);

}  // namespace danewerk::app
