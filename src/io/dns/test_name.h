// What nearly every test of this folder begins with.
#pragma once

#include "types/domain_name.h"

namespace danewerk::io::dns::test {

inline types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

}  // namespace danewerk::io::dns::test
