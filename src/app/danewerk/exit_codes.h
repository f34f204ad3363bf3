// What the commands but `tlsa` exit with (docs/operate/exit-codes.md).
#pragma once

namespace danewerk::app {

constexpr int done = 0;
constexpr int could_not = 1;  ///< the reason is on standard error
constexpr int bad_usage = 2;  ///< the command line or the configuration is wrong

}  // namespace danewerk::app
