// The children of the supervisor, from the settings.
#pragma once

#include "app/config/settings.h"
#include "io/process/child.h"

namespace danewerk::app {

/// Makes the state directory and the one below it with the lock, where they are missing; touches nothing that is there.
Result<void> make_run_directory(const Settings& settings);
/// In the order to start them: resolver, name server (as far as they are ours), mail process. Prepares their directories.
Result<std::vector<io::ChildSpec>> children_of(const Settings& settings, const std::string& config_path);

}  // namespace danewerk::app
