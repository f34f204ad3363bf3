// MX host names: the host that stands in a customer's MX record, computed from the domain alone.
//
// A hoster of a million domains must be able to say which MX host belongs to which domain without asking a database: the
// name is printed in instructions, checked by preflight, and answered by a wildcard. So it is a function of the domain:
//
//     contoso.com   ->  contoso-com.s1.mx.hoster.example
//     a-b.example   ->  a-b-example-<13 characters>.s1.mx.hoster.example
//
// Dots become hyphens. A domain that holds a hyphen itself could then be taken for another (a-b.example, a.b.example), a
// long one does not fit a label, and "--" at positions 3 and 4 is reserved (RFC 5891 4.2.3.1): those get "-" and the first
// 13 characters of the base32 of the SHA-256 of the domain, after cutting the readable part to what fits.
//
// The invariant: no two domains share a host. For this, a readable label that merely looks as if it ended in such a
// digest gets a digest too; so the two kinds can never meet, and within the second the digest decides (65 bits).
// Changing anything here moves every customer's MX: never do.
//
// design.md 9.9; RFC 1035 2.3.4 (63 octets a label), RFC 4648 6 (base32, here in lower case without padding).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "types/domain_name.h"

namespace danewerk::types {

/// SHA-256 of DomainName::text(). The caller computes it (io/tls/digest.h), because types hold no cryptography.
using DomainDigest = std::span<const std::uint8_t, 32>;

/// How many shards a zone is cut into, and how they are called: "s1" ... "sN".
struct ShardPlan {
  std::uint16_t count = 1;  ///< 1 to 4096; never lowered or raised once domains have their MX (it would move them)
  friend auto operator<=>(const ShardPlan&, const ShardPlan&) = default;
};

/// The first label of the domain's MX host: at most 63 octets. The domain must not be the root (CHECKed).
std::string mx_host_label(const DomainName& domain, DomainDigest digest);

/// "s1" to "sN", the same for ever for a domain and a plan; evenly spread.
std::string shard_label(DomainDigest digest, ShardPlan plan);

/// "s3" as a zone's relative name, index from 0.
std::string shard_name(std::uint16_t index);

/// label.shard.zone. Error: limit, where the name would pass 253 octets (the zone's own name is too long).
Result<MxHost> mx_host(const DomainName& domain, DomainDigest digest, ShardPlan plan, const DomainName& zone);

}  // namespace danewerk::types
