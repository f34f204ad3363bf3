#include "service/publisher/zone_claims.h"

#include <algorithm>
#include <charconv>

namespace danewerk::service {
namespace {

constexpr std::string_view prefix = "wrote/";

std::string fact_name(const types::RrSet& set) {
  return std::string(prefix) + std::to_string(static_cast<unsigned>(set.type)) + "/" + set.name.to_string();
}

std::string fact_value(const types::RrSet& set) {
  std::string out;
  for (const Bytes& rdata : set.rdatas) out += (out.empty() ? "" : " ") + to_hex(rdata);
  return out;
}

Result<types::RrSet> read_fact(const io::ZoneFact& fact) {
  const auto bad = [&fact] { return fail(ErrorKind::corrupt, "stored zone fact '" + fact.name + "' cannot be read"); };
  types::RrSet set;
  const char* begin = fact.name.data() + prefix.size();
  const char* end = fact.name.data() + fact.name.size();
  std::uint16_t type = 0;
  const auto [slash, error] = std::from_chars(begin, end, type);
  if (error != std::errc{} || slash == end || *slash != '/') return bad();
  set.type = static_cast<types::RecordType>(type);
  auto name = types::DomainName::parse(std::string(slash + 1, end));
  if (!name) return bad();
  set.name = *std::move(name);
  for (std::size_t at = 0; at < fact.value.size();) {
    const std::size_t space = std::min(fact.value.find(' ', at), fact.value.size());
    auto rdata = parse_hex(fact.value.substr(at, space - at));
    if (!rdata) return bad();
    set.rdatas.push_back(*std::move(rdata));
    at = space + 1;
  }
  return set;
}

/// What stands at the set's name once the change is made; nothing where the change leaves it alone.
std::vector<types::RrSet> outcomes(const types::ZoneChange& change) {
  std::vector<types::RrSet> out;
  for (const auto& deletion : change.deletes) {
    if (const auto* gone = std::get_if<types::DeleteRrSet>(&deletion)) out.push_back({gone->name, gone->type, Ttl{0}, {}});
  }
  for (const types::RrSet& set : change.adds) {
    std::erase_if(out, [&set](const types::RrSet& one) { return one.name == set.name && one.type == set.type; });
    out.push_back(set);
  }
  return out;
}

}  // namespace

types::RrSet& ZoneClaims::claim(const types::DomainName& name, types::RecordType type) {
  const auto found = std::find_if(written_.begin(), written_.end(), [&](const types::RrSet& set) { return set.name == name && set.type == type; });
  return found != written_.end() ? *found : written_.emplace_back(types::RrSet{name, type, Ttl{0}, {}});
}

io::Task<Result<void>> ZoneClaims::load() {
  CO_TRY(const auto facts, co_await store_.zone_facts(zone_));
  written_.clear();
  for (const io::ZoneFact& fact : facts) {
    if (!fact.name.starts_with(prefix)) continue;
    CO_TRY(types::RrSet set, read_fact(fact));
    written_.push_back(std::move(set));
  }
  co_return Result<void>{};
}

io::Task<Result<void>> ZoneClaims::put(types::RrSet set, Instant now) {
  const io::ZoneFact fact{fact_name(set), fact_value(set), now};
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact));
  claim(set.name, set.type).rdatas = set.rdatas;
  co_return Result<void>{};
}

/// These records besides those noted.
io::Task<Result<void>> ZoneClaims::put_more(types::RrSet set, Instant now) {
  const types::RrSet& already = claim(set.name, set.type);
  set.rdatas.insert(set.rdatas.end(), already.rdatas.begin(), already.rdatas.end());
  types::RrSet both = set.sorted();
  if (both.rdatas == already.rdatas) co_return Result<void>{};
  co_return co_await put(std::move(both), now);
}

io::Task<Result<void>> ZoneClaims::note_before(types::ZoneChange change, Instant now) {
  const std::vector<types::RrSet> sets = outcomes(change);
  for (const types::RrSet& set : sets) CO_TRY_VOID(co_await put_more(set, now));
  co_return Result<void>{};
}

io::Task<Result<void>> ZoneClaims::note_standing(std::vector<types::RrSet> sets, Instant now) {
  for (const types::RrSet& set : sets) CO_TRY_VOID(co_await put_more(set, now));
  co_return Result<void>{};
}

io::Task<Result<void>> ZoneClaims::note_after(types::ZoneChange change, Instant now) {
  const std::vector<types::RrSet> sets = outcomes(change);
  for (const types::RrSet& set : sets) {
    types::RrSet stands = set.sorted();
    if (stands.rdatas == claim(stands.name, stands.type).rdatas) continue;
    CO_TRY_VOID(co_await put(std::move(stands), now));
  }
  co_return Result<void>{};
}

io::Task<Result<void>> ZoneClaims::adopt(types::RrSet set, types::AdminAct act) {
  const types::RrSet sorted = set.sorted();
  const io::ZoneFact fact{fact_name(sorted), fact_value(sorted), act.at};
  const std::string subject = sorted.name.to_string() + " " + types::to_string(sorted.type);
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact, act, "zone.adopt", subject));
  claim(sorted.name, sorted.type).rdatas = sorted.rdatas;
  co_return Result<void>{};
}

}  // namespace danewerk::service
