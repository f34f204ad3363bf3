// The commands but `tlsa`. What they exit with: exit_codes.h.
#pragma once

namespace danewerk::app {

int run_command(int argc, char** argv);

}  // namespace danewerk::app
