// The commands about our MX zone.
#pragma once

#include "app/danewerk/hoster_commands.h"

namespace danewerk::app {

/// For `status`: what the zone waits for, where each server stands, the DS to hand over.
std::string render_zone_in_brief(const Json& zone);
/// `asking` outlives the parsing.
void add_zone_commands(CLI::App& app, const Asking& asking);

}  // namespace danewerk::app
