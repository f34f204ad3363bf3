// StsSource: where delivery learns which MTA-STS policy a domain has. A seam to service/sts, which the app puts in.
#pragma once

#include "io/dns/resolver.h"
#include "types/sts_policy.h"

namespace danewerk::service {

class StsSource {
 public:
  virtual ~StsSource() = default;
  /// `resolver` is the caller's. May take a minute, where a policy has to be fetched.
  virtual io::Task<types::StsFact> look(io::dns::Resolver& resolver, types::DomainName domain) = 0;
  /// STS-11: looks at the policy host too, however fresh what is known.
  virtual io::Task<types::StsFact> recheck(io::dns::Resolver& resolver, types::DomainName domain) = 0;
};

}  // namespace danewerk::service
