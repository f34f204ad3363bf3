// look(): everything a stranger's resolver says of a domain, gathered at once.
#pragma once

#include <functional>

#include "engine/lifecycle/expectation.h"
#include "io/dns/resolver.h"
#include "io/runtime/clock.h"
#include "types/domain_sight.h"

namespace danewerk::service {

/// The domain's MTA-STS policy, as delivery would have it. Empty: it is not looked at.
using LookForPolicy = std::function<io::Task<types::StsFact>(types::DomainName)>;

/// Never fails: what failed is in the sight.
io::Task<types::DomainSight> look(io::dns::Resolver& resolver, LookForPolicy policy, const io::Clock& clock, lifecycle::Expectation expected);

}  // namespace danewerk::service
