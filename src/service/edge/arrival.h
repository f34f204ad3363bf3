// Arrival: how a message came to us, as JSON for the trace.
//
// Months later "who gave you this?" must be answered without the log: the peer's address and the name it gave, the address
// it reached us at, and what protected the hop. docs/formats/evidence.md lists the members.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/edge/received.h"
#include "types/ip_address.h"

namespace danewerk::service {

/// One JSON object. `helo` may hold anything a peer said; octets that are not UTF-8 are replaced.
std::string arrival_of(const types::Endpoint& peer, const types::Endpoint& local, std::string_view helo, const std::optional<TlsTrace>& tls);

}  // namespace danewerk::service
