// Landlock: "from here on, this process and its children write only below these directories" (Linux 5.13, landlock(7)).
#pragma once

#include <string>
#include <vector>

namespace danewerk::io {

/// Restricts the calling process; reading stays as file permissions allow. True also where the kernel has no Landlock,
/// because the user and its permissions still hold; landlock_available() tells.
bool write_only_below(const std::vector<std::string>& directories);
bool landlock_available();

}  // namespace danewerk::io
