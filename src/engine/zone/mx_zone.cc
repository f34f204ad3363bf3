#include "engine/zone/mx_zone.h"

#include <algorithm>

namespace danewerk::zone {
namespace {

using types::DomainName;
using types::Holding;
using types::IpAddress;
using types::RecordData;
using types::RecordType;
using types::RrSet;

constexpr std::uint16_t most_shards = 4096;

RrSet address_set(const DomainName& name, IpAddress::Family family, Ttl ttl, const std::vector<IpAddress>& addresses) {
  std::vector<RecordData> records;
  for (const IpAddress& address : addresses) {
    if (address.family() == family) records.emplace_back(address);
  }
  const RecordType type = family == IpAddress::Family::v4 ? RecordType::a : RecordType::aaaa;
  return RrSet::of(name, type, ttl, records).sorted();
}

void add_addresses(std::vector<RrSet>& out, const DomainName& name, Ttl ttl, const std::vector<IpAddress>& addresses) {
  out.push_back(address_set(name, IpAddress::Family::v4, ttl, addresses));
  out.push_back(address_set(name, IpAddress::Family::v6, ttl, addresses));
}

Result<void> check(const MxZone& zone) {
  const std::string name = zone.apex.to_string();
  if (zone.shards.count < 1 || zone.shards.count > most_shards) {
    return fail(ErrorKind::limit, "zone " + name + ": between 1 and 4096 shards, not " + std::to_string(zone.shards.count));
  }
  for (const std::uint16_t shard : zone.part) {
    if (shard >= zone.shards.count) return fail(ErrorKind::malformed, "zone " + name + ": there is no shard " + types::shard_name(shard));
  }
  if (zone.mx_addresses.empty()) return fail(ErrorKind::malformed, "zone " + name + ": no address to receive mail at");
  for (const NamedHost& host : zone.hosts) {
    if (!host.name.is_within(zone.apex)) {
      return fail(ErrorKind::malformed, "zone " + name + ": host " + host.name.to_string() + " is not within it");
    }
  }
  constexpr std::size_t room_for_hosts = 253 - 63 - 7;  // a full label and the longest shard, with their dots
  if (zone.apex.text().size() > room_for_hosts) {
    return fail(ErrorKind::malformed, "zone " + name + ": the name leaves no room for MX hosts of 63 octets below it");
  }
  return {};
}

std::string owner_prefix(Holding holding) {
  switch (holding) {
    case Holding::wildcard: return "*.";
    case Holding::explicit_hosts: return "_dane.";
    case Holding::shared: return "_25._tcp.mx.";
  }
  return "*.";
}

RrSet tlsa_set(const MxZone& zone, const DomainName& owner, const types::TlsaSet& tlsa) {
  const std::vector<RecordData> records(tlsa.begin(), tlsa.end());
  return RrSet::of(owner, RecordType::tlsa, zone.tlsa_ttl, records).sorted();
}

}  // namespace

std::vector<std::uint16_t> shards_of(const MxZone& zone) {
  std::vector<std::uint16_t> out = zone.part;
  for (std::uint16_t i = 0; zone.part.empty() && i < zone.shards.count; ++i) out.push_back(i);
  return out;
}

std::vector<DomainName> certificate_names(const MxZone& zone) {
  const types::MxPlan plan = zone.plan();
  std::vector<DomainName> out;
  for (const std::uint16_t i : shards_of(zone)) {
    const bool one_host = plan.holding_of(i) == Holding::shared;
    out.push_back(zone.apex.prefixed((one_host ? "mx." : "*.") + types::shard_name(i)));
  }
  return out;
}

std::vector<DomainName> tlsa_owners(const MxZone& zone) {
  const types::MxPlan plan = zone.plan();
  std::vector<DomainName> out;
  for (const std::uint16_t i : shards_of(zone)) out.push_back(zone.apex.prefixed(owner_prefix(plan.holding_of(i)) + types::shard_name(i)));
  return out;
}

std::vector<DomainName> shard_zones(const MxZone& zone) {
  const types::MxPlan plan = zone.plan();
  std::vector<DomainName> out;
  for (const std::uint16_t i : shards_of(zone)) {
    if (plan.holding_of(i) == Holding::explicit_hosts) out.push_back(zone.apex.prefixed(types::shard_name(i)));
  }
  return out;
}

DomainName zone_holding(const MxZone& zone, const DomainName& name) {
  if (!name.is_within(zone.apex) || name == zone.apex) return zone.apex;
  std::string_view above = name.text().substr(0, name.text().size() - zone.apex.text().size() - 1);
  const std::string_view label = above.substr(above.rfind('.') + 1);  // the whole where there is no dot
  for (std::uint16_t i = 0; i < zone.shards.count && i < zone.holdings.size(); ++i) {
    if (zone.holdings[i] == Holding::explicit_hosts && label == types::shard_name(i)) return zone.apex.prefixed(label);
  }
  return zone.apex;
}

Result<std::vector<RrSet>> desired_records(const MxZone& zone, const types::TlsaSet& tlsa) {
  TRY_VOID(check(zone));
  std::vector<RrSet> out;
  for (const NamedHost& host : zone.hosts) add_addresses(out, host.name, zone.address_ttl, host.addresses);
  const types::MxPlan plan = zone.plan();
  for (const std::uint16_t i : shards_of(zone)) {
    const Holding holding = plan.holding_of(i);
    const DomainName owner = zone.apex.prefixed(owner_prefix(holding) + types::shard_name(i));
    if (holding == Holding::wildcard) add_addresses(out, owner, zone.address_ttl, zone.mx_addresses);  // PUB-11: one node for all names below
    if (holding == Holding::shared) add_addresses(out, zone.apex.prefixed("mx." + types::shard_name(i)), zone.address_ttl, zone.mx_addresses);
    out.push_back(tlsa_set(zone, owner, tlsa));
    if (out.back().rdatas.size() > most_tlsa_records) {  // PUB-09
      return fail(ErrorKind::limit, "zone " + zone.apex.to_string() + ": " + std::to_string(out.back().rdatas.size()) +
                                        " TLSA records for one host; large senders fail above 12, so 8 is the most");
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace danewerk::zone
