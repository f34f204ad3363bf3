// Host nodes: the records of one domain's MX host, where its shard wants any, and many such changes in few messages.
//
//   shard      what was asked for the domain          at the host
//   wildcard   nothing, or DANE                        nothing: the wildcard answers
//              DNSSEC without DANE, or switched off    A, AAAA: they stop the wildcard for the host and for all names below it
//                                                      (RFC 4592 2.2.1), so there is no TLSA
//   explicit   nothing                                 nothing: the host does not exist
//              DNSSEC                                  A, AAAA
//              DNSSEC and DANE                         A, AAAA, and `_25._tcp.<host>` CNAME `_dane.<shard>.<zone>` (PUB-15)
//   shared     whatever                                nothing: there is one host for all
//
// `_tcp.<host>` is then an empty non-terminal, which answers NOERROR (PUB-11). Everything here looks at one domain at a time:
// a change of one never costs a look at the others.
#pragma once

#include "engine/zone/diff.h"
#include "engine/zone/mx_zone.h"
#include "types/domain_facts.h"
#include "types/host_node.h"

namespace danewerk::zone {

/// What was asked for a domain, as far as its host is concerned.
enum class HostNeed : std::uint8_t {
  nothing,  ///< nothing was ever asked
  plain,    ///< addresses without TLSA
  dane,     ///< addresses with TLSA
  gone,     ///< DNSSEC was on and was switched off: an explicit host goes, a wildcard one loses its TLSA
};

/// The same from what is kept of the domain. In a wildcard shard it is plain or gone exactly where types::stops_wildcard() says so.
HostNeed need_of(const types::DomainFacts& facts) noexcept;

/// What a resolver is answered at the domain's host: of a wildcard or a shared host also where nothing was asked.
types::HostWish answered(types::Holding holding, HostNeed need) noexcept;

/// What has to stand at the host of a domain in a shard held so.
types::HostNode node_for(const MxZone& zone, types::Holding holding, HostNeed need);

/// The RRsets of the node at `host`, those that must not be there as empty sets: A, AAAA and the alias.
std::vector<types::RrSet> host_records(const MxZone& zone, const types::DomainName& host, const types::HostNode& node);

/// Adds to `question` the prerequisites that hold where exactly `node` stands at `host` (RFC 2136 2.4).
void ask_whether(types::ZoneChange& question, const MxZone& zone, const types::DomainName& host, const types::HostNode& node);

/// From what we wrote at `host` to what should stand there, in the zone that holds it; empty where both are the same. Records
/// at the host that are not ours are neither named nor touched; where one is in the way, the server refuses the change.
types::ZoneChange host_change(const MxZone& zone, const types::DomainName& host, const types::HostNode& held, const types::HostNode& wanted);

/// The same for people: "- contoso-com.s1.mx.example. 3600 IN A 192.0.2.1".
std::vector<std::string> diff_lines(const MxZone& zone, const types::DomainName& host, const types::HostNode& before, const types::HostNode& after);

/// How much one UPDATE message carries. The cost of a message grows with the zone and hardly with what it carries, so each is
/// filled; but a server's journal and our patience want it bounded.
constexpr std::size_t most_update_octets = 64'000;

/// Changes of single hosts put together for as few messages as can be, in order, none split. `hosts` of each says how many
/// of them it holds. All must be of one zone (CHECKed).
struct FilledChange {
  types::ZoneChange change;
  std::size_t hosts = 0;
};
std::vector<FilledChange> fill(const std::vector<types::ZoneChange>& changes, std::size_t most_octets = most_update_octets);

/// Octets that a change takes in an UPDATE message, at most: owner names compressed to the zone.
std::size_t update_octets(const types::ZoneChange& change);

}  // namespace danewerk::zone
