#include "service/publisher/zone_access.h"

#include <array>

#include "io/dns/server_query.h"
#include "io/dns/signature.h"

namespace danewerk::service {

using rollover::Sight;

io::Task<Result<std::vector<Bytes>>> DnsZoneAccess::zone_keys(AuthoritativeServer server) {
  for (const types::DomainName& shard : settings_.shard_zones) {
    auto keys = co_await keys_of(server, shard);
    shard_keys_[shard] = std::move(keys).value_or(std::vector<Bytes>());  // without keys nothing in it counts as verified
  }
  co_return co_await keys_of(server, settings_.zone);
}

io::Task<Result<std::vector<Bytes>>> DnsZoneAccess::keys_of(AuthoritativeServer server, types::DomainName zone) {
  const types::DnsQuestion question{zone, types::RecordType::dnskey};
  CO_TRY(const auto answer, co_await io::dns::ask_server(server.endpoint, question, entropy_, settings_.deadline));
  if (answer.set.rdatas.empty()) {
    co_return fail(ErrorKind::not_found, server.name + " holds no DNSKEY for " + zone.to_string() + ": the zone is not signed");
  }
  co_return answer.set.rdatas;
}

io::Task<ServerReading> DnsZoneAccess::read(AuthoritativeServer server, types::DnsQuestion question, std::vector<Bytes> keys) {
  const auto answer = co_await io::dns::ask_server(server.endpoint, question, entropy_, settings_.deadline);
  ServerReading out;
  out.set = {question.name, question.type, Ttl{0}, {}};
  if (!answer) {
    out.detail = answer.error().what;
    co_return out;
  }
  out.set = answer->set;
  out.alias = answer->alias;
  if (!answer->authoritative || answer->alias) {
    out.sight = Sight::unverified;
    out.detail = answer->alias ? "an alias stands at " + question.name.to_string() : "the server is not authoritative for the zone";
    co_return out;
  }
  if (answer->set.rdatas.empty()) {
    out.sight = Sight::verified;
    out.detail = "no " + types::to_string(question.type);
    co_return out;
  }
  types::DomainName zone = settings_.zone;
  for (const auto& [shard, own_keys] : shard_keys_) {
    if (!question.name.is_within(shard)) continue;
    zone = shard;
    keys = own_keys;
  }
  const auto verified = io::dns::verify_rrset(answer->set, answer->signatures, zone, keys, clock_.now());  // DDNS-03
  out.sight = verified ? Sight::verified : Sight::unverified;
  out.detail = verified ? "signed until " + to_rfc3339(verified->expiration) : verified.error().what;
  if (verified) out.signed_until = verified->expiration;
  co_return out;
}

io::Task<Result<void, io::dns::UpdateError>> DnsZoneAccess::apply(types::ZoneChange change) {
  co_return co_await updater_.apply(std::move(change));
}

io::Task<types::Lookup> DnsZoneAccess::ask_afresh(types::DomainName owner) {
  std::array<std::uint8_t, 8> octets{};
  entropy_.fill(octets);
  types::DnsQuestion question{owner, types::RecordType::tlsa};
  if (owner.text().starts_with("*.")) question.name = owner.parent().prefixed("_25._tcp.check-" + to_hex(octets));
  co_return co_await resolver_.ask(question);
}

}  // namespace danewerk::service
