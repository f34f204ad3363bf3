// HostedPolicy: the MTA-STS policy that we serve for a domain of ours, as facts with instants.
//
// A sender keeps a policy for max_age after he fetched it, and nothing makes him forget it sooner. So what counts is not only what is
// served now but everything that was: each version stays here until nobody can hold it any more. From these facts and the present time
// engine/mtasts/hosting says what to serve, what to announce and when a policy may go; no phase is stored.
//
// RFC 8461 8.1, 8.3.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "types/domain_name.h"
#include "types/sts_policy.h"

namespace danewerk::types {

/// One text that was served. It ends where the next begins.
struct PolicyVersion {
  std::string id;                    ///< for the TXT record
  StsPolicy policy;
  Instant since{};                   ///< served from then on
  std::optional<Instant> fetched;    ///< a fetch from outside, by the public name, first showed it
  std::optional<Instant> announced;  ///< every name server of ours showed the record with its id
  friend bool operator==(const PolicyVersion&, const PolicyVersion&) = default;
};

/// A host that the domain's MX records named, and until when a cache may still say so.
struct NamedMx {
  DomainName host;
  Instant until{};  ///< the last look that showed it, and the TTL
  friend bool operator==(const NamedMx&, const NamedMx&) = default;
};

struct HostedPolicy {
  DomainName domain;
  Instant asked_at{};
  StsPolicyMode mode = StsPolicyMode::testing;  ///< as asked for
  std::chrono::seconds max_age{0};
  std::vector<StsMxPattern> also;               ///< hosts besides ours, as people asked
  std::optional<Instant> withdrawn;             ///< it was asked to leave
  std::optional<Instant> record_removed;        ///< the TXT record has left our zone
  std::vector<PolicyVersion> versions;          ///< oldest first; the last one is served
  std::vector<NamedMx> mx;                      ///< by name
  friend bool operator==(const HostedPolicy&, const HostedPolicy&) = default;
};

}  // namespace danewerk::types
