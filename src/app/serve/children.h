// The children of the supervisor, from the settings.
#pragma once

#include "app/config/settings.h"
#include "io/process/child.h"

namespace danewerk::app {

/// In the order to start them: resolver, name server (as far as they are ours), mail process. Prepares their directories.
Result<std::vector<io::ChildSpec>> children_of(const Settings& settings, const std::string& config_path);

}  // namespace danewerk::app
