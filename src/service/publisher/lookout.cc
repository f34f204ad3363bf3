#include "service/publisher/lookout.h"

#include <algorithm>

#include "engine/zone/diff.h"
#include "io/dns/signature.h"
#include "io/runtime/together.h"

namespace danewerk::service {
namespace {

using rollover::Sight;
using rollover::Validation;
using types::RecordType;

types::TlsaSet records_of(const types::RrSet& set) {
  types::TlsaSet out;
  for (const Bytes& rdata : set.rdatas) out.push_back(types::TlsaRecord::from_rdata(rdata));
  return out;
}

/// Those of `so_far` that `also` holds; all of `also` for the first shard.
types::TlsaSet in_both(const std::optional<types::TlsaSet>& so_far, const types::TlsaSet& also) {
  if (!so_far) return also;
  types::TlsaSet out;
  for (const auto& record : *so_far) {
    if (std::find(also.begin(), also.end(), record) != also.end()) out.push_back(record);
  }
  return out;
}

std::vector<std::string> ds_records(const types::DomainName& zone, const std::vector<Bytes>& keys) {
  std::vector<std::string> out;
  for (const Bytes& key : keys) {
    constexpr std::uint8_t entry_point = 1;  // RFC 4034 2.1.1: the SEP flag, as signers set it on what parents point to
    if (key.size() < 4 || (key[1] & entry_point) == 0) continue;
    const auto ds = io::dns::ds_of(zone, key);
    if (!ds || ds->size() < 4) continue;
    const unsigned tag = static_cast<unsigned>((*ds)[0]) << 8 | (*ds)[1];
    out.push_back(zone.to_string() + ". IN DS " + std::to_string(tag) + " " + std::to_string((*ds)[2]) + " " + std::to_string((*ds)[3]) + " " +
                  to_hex(ByteView(*ds).subspan(4)));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

types::DomainName probe_for(const types::DomainName& owner) {
  return owner.text().starts_with("*.") ? owner.parent().prefixed("_25._tcp.danewerk-probe") : owner;
}

io::Task<Sighting> Lookout::look(std::vector<types::RrSet> wanted) {
  Sighting out;
  const auto keys = co_await access_.zone_keys(servers_.front());
  if (keys) {
    out.ds_records = ds_records(zone_.apex, *keys);
    co_await read_primary(out, wanted, *keys);
  }
  std::vector<io::Task<rollover::ServerSight>> rounds;
  for (const AuthoritativeServer& server : servers_) rounds.push_back(sight_of(server, keys.value_or({})));
  out.observation.servers = co_await io::together(std::move(rounds));
  if (!keys) {
    for (rollover::ServerSight& server : out.observation.servers) server.detail = "no keys to verify by: " + keys.error().what;
  }
  co_await validate(out.observation);
  out.observation.at = clock_.now();
  co_return out;
}

io::Task<void> Lookout::read_primary(Sighting& into, const std::vector<types::RrSet>& wanted, const std::vector<Bytes>& keys) {
  for (const types::RrSet& set : wanted) {
    const types::DnsQuestion question{set.name, set.type};
    const ServerReading reading = co_await access_.read(servers_.front(), question, keys);
    if (reading.sight == Sight::unreachable) co_return;
    if (reading.alias && *reading.alias != set.name) into.at_primary.aliases.push_back(set.name);
    if (reading.set.rdatas.empty()) continue;
    into.at_primary.sets.push_back(reading.set);
    if (set.type != RecordType::tlsa) continue;
    into.standing_ttl = std::max(into.standing_ttl.value_or(Ttl{0}), reading.set.ttl);
    for (const auto& record : records_of(reading.set)) {
      if (!rollover::holds(into.observation.at_primary, record)) into.observation.at_primary.push_back(record);
    }
  }
  const bool as_desired = zone::diff(zone_, wanted, into.at_primary.sets).empty();
  into.observation.primary = as_desired ? rollover::ZoneObservation::Primary::as_desired : rollover::ZoneObservation::Primary::differs;
}

io::Task<rollover::ServerSight> Lookout::sight_of(AuthoritativeServer server, std::vector<Bytes> keys) {
  rollover::ServerSight out;
  out.server = server.name;
  std::optional<types::TlsaSet> common;
  for (const types::DomainName& owner : zone::tlsa_owners(zone_)) {
    const types::DnsQuestion question{probe_for(owner), RecordType::tlsa};
    const ServerReading reading = co_await access_.read(server, question, keys);
    out.sight = reading.sight;
    out.detail = reading.detail;
    out.signed_until = std::max(out.signed_until, reading.signed_until);
    if (reading.sight != Sight::unreachable) out.ttl = std::max(out.ttl, reading.set.rdatas.empty() ? negative_ttl_ : reading.set.ttl);
    if (reading.sight != Sight::verified) co_return out;
    common = in_both(common, records_of(reading.set));
  }
  out.records = common.value_or(types::TlsaSet{});
  co_return out;
}

io::Task<void> Lookout::validate(rollover::ZoneObservation& into) {
  std::optional<types::TlsaSet> common;
  for (const types::DomainName& owner : zone::tlsa_owners(zone_)) {
    const types::Lookup lookup = co_await access_.ask_afresh(owner);
    if (!lookup) {
      into.validation = Validation::failed;
      into.validation_detail = lookup.error().what;
      co_return;
    }
    const auto secure = types::Secure<types::DnsAnswer>::check(*lookup);
    if (!secure) {
      into.validation = Validation::insecure;
      into.validation_detail = "our resolver finds no chain of trust to " + owner.to_string();
      co_return;
    }
    common = in_both(common, (*secure)->all<types::TlsaRecord>());
  }
  into.validation = Validation::secure;
  into.validated = common.value_or(types::TlsaSet{});
}

}  // namespace danewerk::service
