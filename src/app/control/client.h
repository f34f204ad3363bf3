// The command's side of the control protocol: blocking, one call a connection.
#pragma once

#include <istream>
#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

/// Sends the request, then `request.body` octets of `body` if there are any, and reads the answer. Errors: unavailable with
/// the remedy if nobody serves at `socket_path`; what the running program answered.
Result<Json> call(const std::string& socket_path, const Request& request, std::istream* body = nullptr);

}  // namespace danewerk::app
