// Limits: values that read well and would do harm.
//
// A setting can be of the right kind and still stop all mail (a largest message of 0 octets), turn the program against others (a retry
// after 0 s), open it to everybody (submission for 0.0.0.0/0), or hand a directory of the system to the mail process. Such values are
// refused when the file is read, by `config check` as by `serve`, rather than explained after the harm. Every limit is either a
// standard's or the least that still works; what is merely unusual is left to the operator.
#pragma once

#include <string>
#include <vector>

#include "app/config/settings.h"

namespace danewerk::app {

/// "edge.max_message: ..." for each setting beyond its limits.
std::vector<std::string> beyond_limits(const Settings& settings);

}  // namespace danewerk::app
