#include "engine/zone/host_nodes.h"

#include <algorithm>

namespace danewerk::zone {
namespace {

using types::DomainName;
using types::Holding;
using types::HostNode;
using types::IpAddress;
using types::RecordData;
using types::RecordType;
using types::RrSet;
using types::ZoneChange;

RrSet addresses_of(const DomainName& host, const HostNode& node, RecordType type, IpAddress::Family family) {
  std::vector<RecordData> records;
  if (node.kind != HostNode::Kind::none) {
    for (const IpAddress& address : node.addresses) {
      if (address.family() == family) records.emplace_back(address);
    }
  }
  return RrSet::of(host, type, node.ttl, records).sorted();
}

RrSet alias_of(const MxZone& zone, const DomainName& host, const HostNode& node) {
  std::vector<RecordData> records;
  if (node.kind == HostNode::Kind::dane) records.emplace_back(types::NameRecord{zone_holding(zone, host).prefixed("_dane")});
  return RrSet::of(host.prefixed("_25._tcp"), RecordType::cname, node.ttl, records);
}

/// Type, class, TTL and length, and the owner with the zone as a pointer (RFC 1035 4.1.4).
std::size_t record_octets(const DomainName& owner, const DomainName& zone, std::size_t rdata) {
  return owner.text().size() - zone.text().size() + 2 + 10 + rdata;
}

struct PrerequisiteOctets {
  const DomainName& zone;
  std::size_t operator()(const types::RrSetIs& is) const {
    std::size_t out = 0;
    for (const Bytes& rdata : is.set.rdatas) out += record_octets(is.set.name, zone, rdata.size());
    return out;
  }
  template <class Other>
  std::size_t operator()(const Other& other) const {
    return record_octets(other.name, zone, 0);
  }
};

struct DeletionOctets {
  const DomainName& zone;
  std::size_t operator()(const types::DeleteRecord& one) const { return record_octets(one.name, zone, one.rdata.size()); }
  template <class Other>
  std::size_t operator()(const Other& other) const {
    return record_octets(other.name, zone, 0);
  }
};

void append(ZoneChange& to, const ZoneChange& from) {
  to.prerequisites.insert(to.prerequisites.end(), from.prerequisites.begin(), from.prerequisites.end());
  to.deletes.insert(to.deletes.end(), from.deletes.begin(), from.deletes.end());
  to.adds.insert(to.adds.end(), from.adds.begin(), from.adds.end());
}

}  // namespace

HostNeed need_of(const types::DomainFacts& facts) noexcept {
  switch (types::host_wish(facts)) {
    case types::HostWish::dane: return HostNeed::dane;
    case types::HostWish::plain: return HostNeed::plain;
    case types::HostWish::absent: break;
  }
  return types::stops_wildcard(facts) ? HostNeed::gone : HostNeed::nothing;
}

types::HostWish answered(Holding holding, HostNeed need) noexcept {
  using types::HostWish;
  if (need == HostNeed::dane || holding == Holding::shared) return HostWish::dane;
  if (need == HostNeed::plain) return HostWish::plain;
  if (holding == Holding::explicit_hosts) return HostWish::absent;
  return need == HostNeed::gone ? HostWish::plain : HostWish::dane;
}

HostNode node_for(const MxZone& zone, Holding holding, HostNeed need) {
  HostNode none;
  HostNode plain{HostNode::Kind::addresses, zone.address_ttl, zone.mx_addresses};
  if (holding == Holding::wildcard) return need == HostNeed::plain || need == HostNeed::gone ? plain : none;
  if (holding == Holding::shared || need == HostNeed::nothing || need == HostNeed::gone) return none;
  if (need == HostNeed::dane) plain.kind = HostNode::Kind::dane;
  return plain;
}

std::vector<RrSet> host_records(const MxZone& zone, const DomainName& host, const HostNode& node) {
  return {addresses_of(host, node, RecordType::a, IpAddress::Family::v4), addresses_of(host, node, RecordType::aaaa, IpAddress::Family::v6),
          alias_of(zone, host, node)};
}

void ask_whether(ZoneChange& question, const MxZone& zone, const DomainName& host, const HostNode& node) {
  for (RrSet& set : host_records(zone, host, node)) {
    if (set.rdatas.empty()) {
      question.prerequisites.emplace_back(types::RrSetAbsent{set.name, set.type});
    } else {
      question.prerequisites.emplace_back(types::RrSetIs{std::move(set)});
    }
  }
}

ZoneChange host_change(const MxZone& zone, const DomainName& host, const HostNode& held, const HostNode& wanted) {
  const DomainName apex = zone_holding(zone, host);
  std::vector<ZoneChange> changes = diff(apex, host_records(zone, host, wanted), host_records(zone, host, held));
  CHECK(changes.size() <= 1);  // three RRsets
  return changes.empty() ? ZoneChange{apex, {}, {}, {}} : std::move(changes.front());
}

std::vector<std::string> diff_lines(const MxZone& zone, const DomainName& host, const HostNode& before, const HostNode& after) {
  std::vector<std::string> out;
  if (before == after) return out;
  const auto add = [&](const std::string& sign, const HostNode& node) {
    const std::string middle = ". " + std::to_string(node.ttl.count()) + " IN ";
    if (node.kind == HostNode::Kind::none) return;
    for (const IpAddress& address : node.addresses) {
      out.push_back(sign + host.to_string() + middle + (address.family() == IpAddress::Family::v4 ? "A " : "AAAA ") + address.to_string());
    }
    if (node.kind != HostNode::Kind::dane) return;
    out.push_back(sign + host.prefixed("_25._tcp").to_string() + middle + "CNAME " + zone_holding(zone, host).prefixed("_dane").to_string() + ".");
  };
  add("- ", before);
  add("+ ", after);
  return out;
}

std::size_t update_octets(const ZoneChange& change) {
  std::size_t out = 0;
  for (const auto& one : change.prerequisites) out += std::visit(PrerequisiteOctets{change.zone}, one);
  for (const auto& one : change.deletes) out += std::visit(DeletionOctets{change.zone}, one);
  for (const RrSet& set : change.adds) {
    for (const Bytes& rdata : set.rdatas) out += record_octets(set.name, change.zone, rdata.size());
  }
  return out;
}

std::vector<FilledChange> fill(const std::vector<ZoneChange>& changes, std::size_t most_octets) {
  std::vector<FilledChange> out;
  std::size_t octets = 0;
  for (const ZoneChange& change : changes) {
    CHECK(change.zone == changes.front().zone);
    const std::size_t more = update_octets(change);
    if (out.empty() || octets + more > most_octets) {
      out.push_back({ZoneChange{change.zone, {}, {}, {}}, 0});
      octets = 0;
    }
    append(out.back().change, change);
    ++out.back().hosts;
    octets += more;
  }
  return out;
}

}  // namespace danewerk::zone
