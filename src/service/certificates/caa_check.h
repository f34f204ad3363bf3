// check_caa: asks the DNS whether our CA may issue for a name, before the CA is asked.
#pragma once

#include "engine/caa/caa.h"
#include "io/dns/resolver.h"

namespace danewerk::service {

/// Nothing where it may. Error: unavailable where that could not be found out, which is not "may" (RFC 8659 3, RES-02).
io::Task<Result<std::optional<types::Finding>>> check_caa(io::dns::Resolver& resolver, types::DomainName certified, caa::Authority authority);

}  // namespace danewerk::service
