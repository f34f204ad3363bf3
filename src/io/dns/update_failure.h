// What a refused or lost UPDATE comes to as an Error: nothing is known to be changed, and it is tried again.
#pragma once

#include <string>

#include "io/dns/zone_updater.h"

namespace danewerk::io::dns {

inline Failure<Error> failure_of(const UpdateError& error) {
  return fail(ErrorKind::unavailable, std::string(to_string(error.kind)) + ": " + error.what);
}

}  // namespace danewerk::io::dns
