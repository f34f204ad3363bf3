// Reading back: a record counts as published once every authoritative server shows it, verified (DDNS-03).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/runtime/clock.h"
#include "service/publisher/zone_access.h"

namespace danewerk::service {

/// What is wrong with a set that a server shows; empty: nothing.
using SetFault = std::function<std::string(const types::RrSet&)>;

/// The first server where the set is not seen, not verified or at fault, with why; empty where there is none. `access` outlives it.
io::Task<std::string> fault_at_servers(ZoneAccess& access, std::vector<AuthoritativeServer> servers, types::DnsQuestion question, SetFault fault);

/// Asks again until no server is at fault. Error: unavailable, `what` and then the server, once `patience` is over. What is referred
/// to outlives it.
io::Task<Result<void>> seen_everywhere(ZoneAccess& access, std::vector<AuthoritativeServer> servers, types::DnsQuestion question, SetFault fault,
                                       io::Clock& clock, Duration patience, std::string what);

}  // namespace danewerk::service
