// Runs another program to its end, as we are, with what it says kept. For commands; it blocks.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace danewerk::io {

/// argv[0] is a path. Returns what it wrote (standard output and error). Errors: not_found; unavailable where it fails, with what it said.
Result<std::string> run_program(const std::vector<std::string>& argv);

}  // namespace danewerk::io
