// The MTA-STS policies we host, for people: enabled, changed, seen, taken away.
#pragma once

#include "app/control/server.h"
#include "service/sts_hosting/policy_host.h"

namespace danewerk::app {

/// `host`, on the control server's reactor, outlives the operations; null: why nothing can be hosted here.
void add_mta_sts_operations(Operations& operations, service::PolicyHost* host, std::string why_not, const io::Clock& clock);

}  // namespace danewerk::app
