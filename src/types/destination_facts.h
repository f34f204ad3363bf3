// DestinationFacts: everything the DNS and the policy host have said about one next hop, and nothing concluded from it.
//
// Delivery, `explain` and the checks decide from this one value, so what an operator is shown cannot differ from what
// was done. It holds the answers as they came, with status and time, never a conclusion: engine/policy computes those,
// each time anew. Whoever gathers (service/delivery, `explain`, a scenario's written world) does no more than: ask
// policy::missing_questions what is wanted, ask the resolver, insert, until nothing is missing.
//
// The MTA-STS policy of the next-hop domain comes from service/sts, which has asked the TXT record and the policy host;
// it is in here for the same reason as the answers.
//
// Certificates and keys published whole in Full(0) TLSA records are facts of another kind: engines parse no X.509, so
// io/tls says of each what its data is (policy::missing_associations names those wanted).
//
// RFC 7672 2.1, 2.2.
#pragma once

#include <map>
#include <optional>

#include "base/instant.h"
#include "types/dns_answer.h"
#include "types/next_hop.h"
#include "types/sts_policy.h"
#include "types/tlsa_record.h"

namespace danewerk::types {

struct DestinationFacts {
  NextHop next_hop;
  std::map<DnsQuestion, Lookup> lookups;
  std::map<TlsaRecord, AssociationData> associations;  ///< of every Full(0) record; others need none
  std::optional<StsFact> sts;                          ///< nothing where it was not asked for
  Instant gathered;                                    ///< when the last answer came in

  /// The answer to a question asked before; nullptr where it has not been asked. Valid until the map changes.
  const Lookup* find(const DnsQuestion& question) const {
    const auto it = lookups.find(question);
    return it == lookups.end() ? nullptr : &it->second;
  }
  friend bool operator==(const DestinationFacts&, const DestinationFacts&) = default;
};

}  // namespace danewerk::types
