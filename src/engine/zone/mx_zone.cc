#include "engine/zone/mx_zone.h"

#include <algorithm>

namespace danewerk::zone {
namespace {

using types::DomainName;
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

}  // namespace

std::vector<DomainName> wildcard_names(const MxZone& zone) {
  std::vector<DomainName> out;
  for (std::uint16_t i = 0; i < zone.shards.count; ++i) out.push_back(zone.apex.prefixed("*." + types::shard_name(i)));
  return out;
}

RrSet tlsa_set(const MxZone& zone, const DomainName& wildcard, const types::TlsaSet& tlsa) {
  const std::vector<RecordData> records(tlsa.begin(), tlsa.end());
  return RrSet::of(wildcard, RecordType::tlsa, zone.tlsa_ttl, records).sorted();
}

Result<std::vector<RrSet>> desired_records(const MxZone& zone, const types::TlsaSet& tlsa) {
  TRY_VOID(check(zone));
  std::vector<RrSet> out;
  for (const NamedHost& host : zone.hosts) add_addresses(out, host.name, zone.address_ttl, host.addresses);
  for (const DomainName& wildcard : wildcard_names(zone)) {
    add_addresses(out, wildcard, zone.address_ttl, zone.mx_addresses);  // PUB-11: one node answers for all names below
    out.push_back(tlsa_set(zone, wildcard, tlsa));
    if (out.back().rdatas.size() > most_tlsa_records) {  // PUB-09
      return fail(ErrorKind::limit, "zone " + zone.apex.to_string() + ": " + std::to_string(out.back().rdatas.size()) +
                                        " TLSA records for one host; large senders fail above 12, so 8 is the most");
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace danewerk::zone
