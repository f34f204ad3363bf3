// fetch_policy(): one look at a domain's policy host, from its addresses to the parsed policy, or why there is none.
//
// It waits and introduces; what a text means is engine/mtasts's. The one distinction made here is whose fault a failure is:
// that the domain's host does not answer is a fact about the domain, which is kept; that we could not ask (our resolver is
// unfit, no turn came, we are stopping) says nothing about it and must not be kept as if it did.
//
// RFC 8461 3.2, 3.3; RFC 8460 4.3; STS-03, STS-05, SNI-01.
#pragma once

#include <variant>

#include "io/dns/resolver.h"
#include "io/http/https_client.h"
#include "io/runtime/clock.h"
#include "types/sts_policy.h"

namespace danewerk::service {

/// Why we could not ask.
struct OurTrouble {
  std::string what;
};

using Fetched = std::variant<types::StsPolicy, types::StsFault, OurTrouble>;

/// Within about a minute (STS-05).
io::Task<Fetched> fetch_policy(io::dns::Resolver& resolver, io::HttpsGetter& https, std::shared_ptr<const tls::TrustStore> trust,
                               const io::Clock& clock, types::DomainName domain);

}  // namespace danewerk::service
