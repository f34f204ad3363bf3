// The MX zone as it should be, but for what belongs to single domains: a pure function from settings and keys to RRsets.
//
// Each shard holds its hosts in one of three ways:
//
// wildcard   One node, `*.<shard>.<zone>`, with A, AAAA and TLSA, answers for every customer's MX host and, since a wildcard
//            spans labels (RFC 4592 2.1.1 and 3.3.1), for `_25._tcp` below every one of them. So a million domains cost no
//            record, and `_tcp.<host>` exists wherever the host does: it answers NOERROR, never the NXDOMAIN that stops
//            resolvers which minimise their questions (PUB-11).
// explicit   A zone of its own, `<shard>.<zone>`, with a node for each host (host_nodes.h), whose `_25._tcp` is an alias of
//            one TLSA set, `_dane.<shard>.<zone>` (PUB-15).
// shared     One host, `mx.<shard>.<zone>`, for all.
//
// In each, a rollover touches one RRset a shard.
//
// What is not here: SOA, NS and everything DNSSEC belong to the authoritative server. What an operator or another program
// added to the zone is not ours, is not listed here, and is never touched (see diff.h).
#pragma once

#include <vector>

#include "base/instant.h"
#include "types/domain_name.h"
#include "types/ip_address.h"
#include "types/mx_host_name.h"
#include "types/tlsa_record.h"
#include "types/zone_change.h"

namespace danewerk::zone {

/// A host of the zone with addresses of its own: the zone's name servers.
struct NamedHost {
  types::DomainName name;
  std::vector<types::IpAddress> addresses;
};

struct MxZone {
  types::DomainName apex;
  types::ShardPlan shards;
  std::vector<types::Holding> holdings;        ///< by shard; one that is not named here is wildcard
  std::vector<types::IpAddress> mx_addresses;  ///< where the edge listens
  std::vector<NamedHost> hosts;                ///< name servers within the zone, and the edge's own EHLO names
  Ttl address_ttl{3600};
  Ttl tlsa_ttl{1800};                          ///< PUB-08
  std::vector<std::uint16_t> part;             ///< the shards that are meant where one group's are (key_groups.h); empty: all

  types::MxPlan plan() const { return {apex, shards, holdings}; }
};

/// PUB-09: some large senders fail above about 12 records in a set.
constexpr std::size_t most_tlsa_records = 8;

/// The shards that are meant, from 0, ascending.
std::vector<std::uint16_t> shards_of(const MxZone& zone);

/// The names a certificate for all hosts must carry, in order of shard: `*.<shard>.<apex>`, or `mx.<shard>.<apex>` where that is
/// the only host.
std::vector<types::DomainName> certificate_names(const MxZone& zone);

/// Where the TLSA set of each shard stands, in order of shard: `*.<shard>.<apex>`, `_dane.<shard>.<apex>`,
/// `_25._tcp.mx.<shard>.<apex>`.
std::vector<types::DomainName> tlsa_owners(const MxZone& zone);

/// The zones of the explicit shards, `<shard>.<apex>`: cut off from the zone itself.
std::vector<types::DomainName> shard_zones(const MxZone& zone);

/// The zone that holds `name`: an explicit shard's, else the zone itself.
types::DomainName zone_holding(const MxZone& zone, const types::DomainName& name);

/// All RRsets of ours but those of single domains, sorted by name and type. An RRset without records means: there must be none
/// (a family of addresses no longer in use). The same record twice counts once. Errors: limit (more than 8 TLSA records, more
/// than 4096 shards or none), malformed (a host outside the zone, no address for mail, a name that becomes too long).
Result<std::vector<types::RrSet>> desired_records(const MxZone& zone, const types::TlsaSet& tlsa);

}  // namespace danewerk::zone
