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
#include <vector>

#include "types/domain_name.h"

namespace danewerk::types {

/// SHA-256 of DomainName::text(). The caller computes it (io/tls/digest.h), because types hold no cryptography.
using DomainDigest = std::span<const std::uint8_t, 32>;

/// How many shards a zone is cut into, and how they are called: "s1" ... "sN".
struct ShardPlan {
  std::uint16_t count = 1;  ///< 1 to 4096; never lowered or raised once domains have their MX (it would move them)
  friend auto operator<=>(const ShardPlan&, const ShardPlan&) = default;
};

/// How a shard holds its hosts (design.md 9.9; docs/operate/holding.md).
enum class Holding : std::uint8_t {
  wildcard,        ///< one node answers for all of them: no record a domain
  explicit_hosts,  ///< addresses for each domain, and an alias to the shard's TLSA set; a zone of its own
  shared,          ///< one host, mx.<shard>.<zone>, for all domains of the shard
};
const char* to_string(Holding holding) noexcept;
/// "wildcard", "explicit", "shared". Error: malformed.
Result<Holding> parse_holding(std::string_view text);

/// Where MX hosts live. Changing any of it moves hosts that stand in customers' MX records.
struct MxPlan {
  DomainName zone;
  ShardPlan shards;
  std::vector<Holding> holdings;  ///< by shard; one that is not named here is wildcard
  Holding holding_of(std::uint16_t index) const { return index < holdings.size() ? holdings[index] : Holding::wildcard; }
};

/// The first label of the domain's MX host: at most 63 octets. The domain must not be the root (CHECKed).
std::string mx_host_label(const DomainName& domain, DomainDigest digest);

/// From 0, the same for ever for a domain and a plan; evenly spread.
std::uint16_t shard_index(DomainDigest digest, ShardPlan plan);

/// The same as "s1" to "sN".
std::string shard_label(DomainDigest digest, ShardPlan plan);

/// "s3" as a zone's relative name, index from 0.
std::string shard_name(std::uint16_t index);

/// label.shard.zone. Error: limit, where the name would pass 253 octets (the zone's own name is too long).
Result<MxHost> mx_host(const DomainName& domain, DomainDigest digest, ShardPlan plan, const DomainName& zone);

/// The same where shards are held in different ways: domains of a shared shard have mx.shard.zone, all of them.
Result<MxHost> mx_host(const DomainName& domain, DomainDigest digest, const MxPlan& plan);

}  // namespace danewerk::types
