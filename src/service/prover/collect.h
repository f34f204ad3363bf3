// collect(): asks the resolver for every record that a proof may need, with signatures.
//
// It follows the same questions as the delivery did (MX, addresses, TLSA), then climbs: for each zone that signed something, its
// keys and its DS, up to the root; for what came unsigned, the DS of every name above it, so that the parent's denial is there. It
// concludes nothing: what the records prove is for engine/dnssec, which sees only the records.
#pragma once

#include <functional>

#include "engine/dnssec/proof.h"
#include "io/dns/signed_reply.h"

namespace danewerk::service {

/// The resolver, as far as it is needed here.
using AskSigned = std::function<io::Task<Result<std::vector<io::dns::WireRecord>>>(types::DnsQuestion)>;

/// All signed sets that came, canonical. Bounded: at most 60 questions. Error: the first one that could not be asked.
io::Task<Result<std::vector<engine::dnssec::RecordSet>>> collect(AskSigned ask, engine::dnssec::Claim claim);

}  // namespace danewerk::service
