// The commands but `tlsa`. Exit codes: 0 done; 1 it could not be done (the reason is on standard error); 2 the command line or
// the configuration is wrong.
#pragma once

namespace danewerk::app {

int run_command(int argc, char** argv);

}  // namespace danewerk::app
