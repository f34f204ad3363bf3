// Source: from which of our addresses a message sets out, and by which name we introduce ourselves from there.
//
// A hoster's addresses have reputations, and each has its own name in DNS. A pool is a set of addresses of both families,
// each with the EHLO name that its reverse DNS bears out (RFC 5321 4.1.4). Within a pool a tenant keeps its address: one
// tenant's bad mail then spoils one address, and a new address in the pool moves few tenants (rendezvous hashing).
//
// A pool is an order, not a preference: where it has no address of the family wanted, that address of the host is not used
// (the plan's addresses alternate, so the other family is tried next), and a pool nobody configured stops the errand: mail
// leaves from an address its SPF record does not name only if nobody said otherwise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/ip_address.h"

namespace danewerk::service {

struct SourceAddress {
  types::IpAddress address;
  std::string hello_name;
  friend bool operator==(const SourceAddress&, const SourceAddress&) = default;
};

struct SourcePool {
  std::string name;
  std::vector<SourceAddress> addresses;
};

/// The pool that serves where no rule names another.
inline constexpr std::string_view default_pool = "default";

const SourcePool* pool_by_name(const std::vector<SourcePool>& pools, std::string_view name);

/// The tenant's address of that family in the pool; the same as long as the pool is the same. Nothing where it has none.
std::optional<SourceAddress> address_for(const SourcePool& pool, std::string_view tenant, types::IpAddress::Family family);

}  // namespace danewerk::service
