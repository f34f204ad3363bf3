// Terms: what a host must prove before it is given mail, and whether it can at all. The second half of plan().
//
// DANE, MTA-STS, the destination's rule and the sender's REQUIRETLS each have a word on one host, and their order is where
// clients go wrong: a policy that "rescues" a host whose TLSA records do not match is a downgrade with a certificate. The
// order is here, once (STS-12, design.md 9.3):
//
//   1. A secure TLSA set with usable records decides on the certificate, alone. MTA-STS does not rescue it.
//   2. Else an MTA-STS policy in mode enforce demands a certificate valid for the MX host, also above a TLSA set of which
//      nothing is usable; a host it does not name is out (STS-08, STS-10). Mode testing is looked at and reported.
//   3. Then the destination's rule: TLS, or a certificate for names of its own.
//   4. Then REQUIRETLS, which needs a host named by a secure MX or by a policy in mode enforce, and a certificate proven by
//      DANE or PKIX (RTL-03).
//
// Where the MX records are not signed, DANE proves that the host is itself, not that the domain named it: anybody can forge
// an MX record that leads to a host of his own with perfect TLSA records. So there a policy in mode enforce must name the
// host although DANE judges its certificate (docs/decisions/0020).
//
// RFC 7672 2.2; RFC 8461 2, 4, 5; RFC 8689 4.2.1; TL-11, TL-14, TL-15, TLS-08, STS-08, STS-10, STS-12, RTL-03.
#pragma once

#include <optional>
#include <string>

#include "types/delivery_plan.h"
#include "types/destination_facts.h"

namespace danewerk::policy {

/// Sets level, reason, pkix, audit, sts and sni of a hop that is otherwise complete.
void set_terms(types::Hop& hop, const types::DestinationFacts& facts, const types::MessageDemands& demands);

struct Unmet {
  types::OutReason reason = types::OutReason::facts_missing;
  types::Fault fault;
};
/// Why the terms cannot be met at this host, whatever it presents; nothing where they can.
std::optional<Unmet> unmet_terms(const types::Hop& hop, const std::string& host, const types::DestinationFacts& facts,
                                 const types::MessageDemands& demands);

/// The policy in mode enforce or testing that applies, nothing where none does. Lives as long as the facts.
const types::StsInForce* sts_in_force(const types::DestinationFacts& facts, const types::MessageDemands& demands);

/// True where the next hop is known to name this host: by signed MX records, by the operator, or by a policy in mode enforce.
bool is_named_by_next_hop(const types::Hop& hop);

/// A host that may be told REQUIRETLS, once its terms are met: authenticated, and named by the next hop (RTL-03).
bool meets_requiretls(const types::Hop& hop);

/// On whose behalf a host is held to `hop.level`.
types::FaultPolicy demanding_policy(const types::Hop& hop);

}  // namespace danewerk::policy
