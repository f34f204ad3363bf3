// HostNode: what stands in the zone at one domain's MX host, as a value small enough to remember for a million domains.
//
// A change of the zone names exactly what it expects to find (DDNS-02). For hosts with records of their own this memory is kept
// beside the domain, in one line of text; so the records we may touch are those we wrote, and a restart or a new address
// for all of them needs no look at a zone of any size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "types/ip_address.h"

namespace danewerk::types {

struct HostNode {
  enum class Kind : std::uint8_t {
    none,       ///< no record of its own
    addresses,  ///< A and AAAA; in a wildcard shard this stops the wildcard for the host and all names below it
    dane,       ///< and `_25._tcp` as an alias of the shard's TLSA set
  };
  Kind kind = Kind::none;
  Ttl ttl{0};
  std::vector<IpAddress> addresses;

  /// "dane 3600 192.0.2.1 2001:db8::1"; "none".
  std::string to_string() const;
  /// Error: malformed.
  static Result<HostNode> parse(std::string_view text);
  friend bool operator==(const HostNode&, const HostNode&) = default;
};

}  // namespace danewerk::types
