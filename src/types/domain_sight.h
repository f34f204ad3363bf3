// DomainSight: what a stranger sees of an accepted domain: its own zone, its MX, our host in it, its MTA-STS policy.
//
// What we believe to have published and what the owner says to have changed are no evidence; what a validating resolver answers
// is. A sight holds answers only, with their DNSSEC status, TTL and errors. What they mean is engine/lifecycle's.
#pragma once

#include <map>
#include <optional>

#include "types/dns_answer.h"
#include "types/domain_facts.h"
#include "types/sts_policy.h"

namespace danewerk::types {

struct DomainSight {
  DomainName domain;
  Instant at{};                          ///< when the last answer came in
  std::map<DnsQuestion, Lookup> lookups;
  std::optional<StsFact> sts;            ///< nothing where it was not asked for

  /// Nullptr where it was not asked. Valid until the map changes.
  const Lookup* find(const DomainName& name, RecordType type) const {
    const auto it = lookups.find(DnsQuestion{name, type});
    return it == lookups.end() ? nullptr : &it->second;
  }
};

}  // namespace danewerk::types
