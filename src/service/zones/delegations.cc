#include "service/zones/delegations.h"

#include <algorithm>

#include "io/dns/server_query.h"
#include "io/dns/signature.h"
#include "io/dns/update_failure.h"
#include "service/zones/host_events.h"

namespace danewerk::service {
namespace {

namespace events = host_events;
using io::dns::UpdateErrorKind;
using types::RecordType;
using types::RrSet;

constexpr Duration deadline = std::chrono::seconds(5);
constexpr Duration all_well = std::chrono::minutes(1);
constexpr Duration not_well = std::chrono::seconds(5);

/// The DS of every key that signers mark as an entry point (RFC 4034 2.1.1).
RrSet ds_set(const types::DomainName& shard, Ttl ttl, const std::vector<Bytes>& keys) {
  constexpr std::uint8_t entry_point = 1;
  RrSet out{shard, RecordType::ds, ttl, {}};
  for (const Bytes& key : keys) {
    if (key.size() < 4 || (key[1] & entry_point) == 0) continue;
    if (auto ds = io::dns::ds_of(shard, key)) out.rdatas.push_back(*std::move(ds));
  }
  return out.sorted();
}

std::string fact_name(const RrSet& set) { return "delegation " + set.name.to_string() + " " + types::to_string(set.type); }

std::string text_of(const RrSet& set) {
  std::string out;
  for (const Bytes& rdata : set.rdatas) out += (out.empty() ? "" : " ") + to_hex(rdata);
  return out;
}

std::vector<Bytes> rdatas_of(std::string_view text) {
  std::vector<Bytes> out;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (auto octets = parse_hex(word)) out.push_back(*std::move(octets));
  }
  return out;
}

}  // namespace

io::Task<> Delegations::run() {
  while (!zone::shard_zones(zone_).empty()) {
    const bool well = co_await turn();
    const Duration rest = well ? all_well : not_well;
    co_await parts_.clock.sleep_for(rest);
  }
}

io::Task<bool> Delegations::turn() {
  bool well = true;
  for (const types::DomainName& shard : zone::shard_zones(zone_)) {
    const auto ensured = co_await ensure(shard);
    note(shard, ensured);
    well = well && ensured;
  }
  co_return well;
}

io::Task<Result<void>> Delegations::ensure(types::DomainName shard) {
  const types::DnsQuestion keys_asked{shard, RecordType::dnskey};
  CO_TRY(const auto keys, co_await io::dns::ask_server(primary_, keys_asked, parts_.entropy, deadline));
  const types::DnsQuestion servers_asked{shard, RecordType::ns};
  CO_TRY(const auto servers, co_await io::dns::ask_server(primary_, servers_asked, parts_.entropy, deadline));
  RrSet ds = ds_set(shard, zone_.address_ttl, keys.set.rdatas);
  if (!servers.authoritative || servers.set.rdatas.empty()) {
    co_return fail(ErrorKind::not_found, "the primary at " + primary_.to_string() + " does not hold the zone " + shard.to_string());
  }
  if (ds.rdatas.empty()) co_return fail(ErrorKind::not_found, "the zone " + shard.to_string() + " is not signed at the primary " + primary_.to_string());
  RrSet ns{shard, RecordType::ns, zone_.address_ttl, servers.set.rdatas};
  CO_TRY_VOID(co_await ensure_set(ns.sorted()));
  co_return co_await ensure_set(std::move(ds));
}

/// Asks by a prerequisite alone whether it stands already: a query at the cut would be answered from the shard's own zone.
io::Task<Result<void>> Delegations::ensure_set(RrSet wanted) {
  types::ZoneChange as_it_is{zone_.apex, {}, {}, {}};
  as_it_is.prerequisites.emplace_back(types::RrSetIs{wanted});
  const auto asked = co_await parts_.updater.apply(as_it_is);
  if (asked) co_return Result<void>{};
  if (asked.error().kind != UpdateErrorKind::prerequisite_failed) co_return failure_of(asked.error());
  const std::string zone = zone_.apex.to_string();
  const std::string name = fact_name(wanted);
  CO_TRY(const auto facts, co_await parts_.facts.zone_facts(zone));
  const auto written = std::find_if(facts.begin(), facts.end(), [&name](const io::ZoneFact& fact) { return fact.name == name; });
  types::ZoneChange change{zone_.apex, {}, {}, {}};
  change.adds.push_back(wanted);
  types::ZoneChange first = change;
  first.prerequisites.emplace_back(types::RrSetAbsent{wanted.name, wanted.type});
  auto applied = co_await parts_.updater.apply(first);
  if (!applied && applied.error().kind == UpdateErrorKind::prerequisite_failed && written != facts.end()) {
    change.prerequisites.emplace_back(types::RrSetIs{RrSet{wanted.name, wanted.type, wanted.ttl, rdatas_of(written->value)}});
    change.deletes.emplace_back(types::DeleteRrSet{wanted.name, wanted.type});
    applied = co_await parts_.updater.apply(change);
  }
  if (!applied) {
    const bool foreign = applied.error().kind == UpdateErrorKind::prerequisite_failed;
    const std::string there = "other " + types::to_string(wanted.type) + " records stand at " + wanted.name.to_string() + " in zone " + zone;
    if (foreign) co_return fail(ErrorKind::conflict, there + ", and they are not ours");
    co_return failure_of(applied.error());
  }
  io::ZoneFact fact{name, text_of(wanted), parts_.clock.now()};
  CO_TRY_VOID(co_await parts_.facts.put_zone_fact(zone, std::move(fact)));
  parts_.log.event(events::delegated, {{"zone", wanted.name.to_string()}, {"records", types::to_string(wanted.type)}});
  co_return Result<void>{};
}

void Delegations::note(const types::DomainName& shard, const Result<void>& result) {
  const std::lock_guard guard(mutex_);
  if (result) {
    faults_.erase(shard);
    return;
  }
  std::string& told = faults_[shard];
  if (told != result.error().what) parts_.log.event(events::not_delegated, {{"zone", shard.to_string()}, {"why", result.error().what}});
  told = result.error().what;
}

std::map<types::DomainName, std::string> Delegations::faults() const {
  const std::lock_guard guard(mutex_);
  return faults_;
}

}  // namespace danewerk::service
