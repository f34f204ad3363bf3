#include "engine/dane/reference_names.h"

#include <algorithm>

namespace danewerk::dane {

// RFC 7672 3.2.2; CRT-05
std::vector<types::ReferenceName> reference_names(const types::TlsaBaseDomain& base, const NextHopNames& next_hop,
                                                  MxPath path) {
  std::vector<types::ReferenceName> names{types::ReferenceName(base.name())};
  const auto add = [&names](const types::DomainName& name) {
    const types::ReferenceName candidate(name);
    if (std::find(names.begin(), names.end(), candidate) == names.end()) names.push_back(candidate);
  };
  switch (path) {
    case MxPath::secure_mx:
      add(next_hop.original.name());
      add(next_hop.expanded);
      break;
    case MxPath::insecure_mx: break;  // "the MX hostname is the only reference identifier"
    case MxPath::no_mx:
      if (base.name() == next_hop.expanded) add(next_hop.original.name());
      break;
  }
  return names;
}

}  // namespace danewerk::dane
