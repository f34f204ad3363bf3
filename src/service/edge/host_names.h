// HostNames: what we call ourselves, by the local address a client reached us at.
//
// A host with several addresses often has a name for each, and forward and reverse DNS must agree with what EHLO says, or
// other servers think little of us. Also the list of names whose postmaster is us.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "types/domain_name.h"
#include "types/ip_address.h"

namespace danewerk::service {

struct HostNames {
  types::DomainName hostname;
  std::vector<std::pair<types::IpAddress, types::DomainName>> by_address;

  const types::DomainName& at(const types::IpAddress& local) const {
    const auto named = [&](const auto& entry) { return entry.first == local; };
    const auto found = std::find_if(by_address.begin(), by_address.end(), named);
    return found == by_address.end() ? hostname : found->second;
  }
  bool contains(const types::DomainName& name) const {
    const auto named = [&](const auto& entry) { return entry.second == name; };
    return name == hostname || std::any_of(by_address.begin(), by_address.end(), named);
  }
};

}  // namespace danewerk::service
