// For a terminal: where a domain stands.
#pragma once

#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

std::string render_domain_status(const Json& status);
/// What a step changed, or would.
std::string render_domain_step(const Json& answer);
std::string render_domain_migration(const Json& answer);
std::string render_domain_findings(const Json& answer);
/// One or a few lines while something is waited for.
std::string render_domain_progress(const Json& status);
std::string render_records(const std::string& head, const Json& records);

}  // namespace danewerk::app
