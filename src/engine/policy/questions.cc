#include "engine/policy/questions.h"

#include <algorithm>

#include "engine/policy/discovery.h"

namespace danewerk::policy {
using namespace types;

std::vector<DnsQuestion> missing_questions(const DestinationFacts& facts, const Rules& rules, DaneMode mode) {
  const MxStage mx = read_mx(facts, rules);
  std::vector<DnsQuestion> missing = mx.missing;
  for (const NamedHost& host : mx.hosts) {
    for (const DnsQuestion& question : read_host(facts, rules, host, mode).missing) {
      if (std::find(missing.begin(), missing.end(), question) == missing.end()) missing.push_back(question);
    }
  }
  return missing;
}

std::vector<TlsaRecord> missing_associations(const DestinationFacts& facts, const Rules& rules, DaneMode mode) {
  std::vector<TlsaRecord> missing;
  for (const NamedHost& host : read_mx(facts, rules).hosts) {
    const HostStage stage = read_host(facts, rules, host, mode);
    if (!stage.tlsa) continue;
    for (const TlsaRecord& record : stage.tlsa->records) {
      if (record.truncated || record.matching != TlsaMatching::full || facts.associations.contains(record)) continue;
      if (std::find(missing.begin(), missing.end(), record) == missing.end()) missing.push_back(record);
    }
  }
  return missing;
}

std::optional<DomainName> sts_policy_domain(const NextHop& next_hop, StsMode mode) {
  if (mode == StsMode::none || std::holds_alternative<IpAddress>(next_hop.target) || next_hop.name().is_root()) return std::nullopt;
  return next_hop.name();
}

}  // namespace danewerk::policy
