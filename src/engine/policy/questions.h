// Questions: what must be asked next, given what is known. The whole of a driver's knowledge of DNS policy is this loop:
//
//   for (;;) {
//     auto questions = policy::missing_questions(facts, rules, mode);
//     if (questions.empty()) break;
//     ...ask all of them in parallel, insert every Lookup, errors too, into facts.lookups
//   }
//   for (auto& record : policy::missing_associations(facts, rules, mode)) facts.associations[record] = inspect(record);
//
// The order is RFC 7672's: MX first; A and AAAA of all hosts in parallel (TL-01: before TLSA, always); a CNAME question
// where unsigned addresses were reached through an alias (RES-08); TLSA only where the addresses' zone is signed
// (TL-02), the second candidate only after a definite no from the first (TL-09). The loop ends: each round asks at least
// one question that was not asked before, and Rules bound how many there can be (1 + 5 for each host).
//
// RFC 7672 2.2; MX-01, MX-05, TL-01, TL-02, TL-05 to TL-10.
#pragma once

#include <optional>
#include <vector>

#include "types/destination_facts.h"
#include "types/rules.h"

namespace danewerk::policy {

/// Questions that can be asked now, all at once; each once, none that was asked before. Empty when plan() can decide.
std::vector<types::DnsQuestion> missing_questions(const types::DestinationFacts& facts, const types::Rules& rules,
                                                  types::DaneMode mode = types::DaneMode::opportunistic);

/// The Full(0) records of the TLSA sets in force whose data nobody has looked into yet (io/tls does).
std::vector<types::TlsaRecord> missing_associations(const types::DestinationFacts& facts, const types::Rules& rules,
                                                    types::DaneMode mode = types::DaneMode::opportunistic);

/// STS-07, RFC 8461 3.4: whose MTA-STS policy counts for this next hop: the domain's or the smart host's own, never a parent's;
/// nothing for an address, and where MTA-STS is switched off.
std::optional<types::DomainName> sts_policy_domain(const types::NextHop& next_hop, types::StsMode mode);

}  // namespace danewerk::policy
