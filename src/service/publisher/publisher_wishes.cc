// What people want of the publisher, and what it tells them.
#include <algorithm>

#include "service/publisher/publisher.h"
#include "service/publisher/publisher_events.h"

namespace danewerk::service {
namespace {

namespace events = publisher_events;
using rollover::TrackedKey;

/// The word `status` has had from the beginning; a key's phase says more.
const char* role_of(const TrackedKey& key, const TrackedKey* serving) {
  if (key.facts.withdrawn_at) return "withdrawn";
  if (key.compromised_at) return "compromised";
  if (key.facts.retired_at) return "retired";
  return &key == serving ? "serving" : "next";
}

}  // namespace

zone::Plan Publisher::plan() const { return zone::plan(settings_.zone, wanted(), sighting_.at_primary, claims_.written(), settings_.writers); }

io::Task<Result<void>> Publisher::adopt(types::DomainName name, types::RecordType type, types::AdminAct act) {
  for (const types::RrSet& set : sighting_.at_primary.sets) {
    if (set.name == name && set.type == type) co_return co_await claims_.adopt(set, std::move(act));
  }
  co_return fail(ErrorKind::not_found, "the primary holds no " + types::to_string(type) + " at " + name.to_string() + ", or danewerk wants none there");
}

io::Task<Result<void>> Publisher::declare_compromised(std::string id, types::AdminAct act) {
  CO_TRY(const TrackedKey* key, book_.find(id));
  if (key->compromised_at) co_return fail(ErrorKind::conflict, "key " + id + " was declared compromised " + to_rfc3339(*key->compromised_at));
  CO_TRY_VOID(co_await book_.declare_compromised(id, act));
  say(events::key_compromised, {{"key", id}, {"who", act.who}, {"why", act.why}});
  look_soon();
  co_return Result<void>{};
}

Result<rollover::Emergency> Publisher::emergency(const std::string& id) const {
  TRY_VOID(book_.find(id));
  const Ttl displaced = rollover::displaced_ttl(sighting_.standing_ttl, settings_.negative_ttl, book_.earlier_ttl(), parts_.clock.now());
  return rollover::emergency_of({book_.keys(), sighting_.observation, settings_.timing, wish_, serving_here_, parts_.clock.now()}, id, displaced);
}

std::optional<std::string> Publisher::copy_of(const types::TlsaRecord& record) const {
  for (const TrackedKey& key : book_.keys()) {
    if (key.facts.tlsa == record && !key.facts.withdrawn_at && !key.compromised_at) return key.facts.id;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> Publisher::to_be_rolled(std::optional<types::KeyLine> line) const {
  std::vector<std::string> out;
  for (const types::KeyLine one : types::all_key_lines) {
    const TrackedKey* key = line && *line != one ? nullptr : rollover::serving_key(book_.keys(), one);
    if (!key) continue;
    if (key->replace_asked_at) {
      return fail(ErrorKind::conflict, "key " + key->facts.id + " is to be replaced already, since " + to_rfc3339(*key->replace_asked_at) +
                                           "; `danewerk key list` shows what it waits for");
    }
    out.push_back(key->facts.id);
  }
  if (out.empty()) return fail(ErrorKind::not_found, "no key of that kind serves yet; `danewerk key list` shows what is waited for");
  return out;
}

io::Task<Result<std::vector<std::string>>> Publisher::roll(std::optional<types::KeyLine> line, types::AdminAct act) {
  CO_TRY(const auto keys, to_be_rolled(line));
  for (const std::string& id : keys) {
    CO_TRY_VOID(co_await book_.ask_replacement(id, act));
    say(events::roll_asked, {{"key", id}, {"who", act.who}, {"why", act.why}});
  }
  look_soon();
  co_return keys;
}

Result<std::vector<rollover::Step>> Publisher::foresee_roll(std::optional<types::KeyLine> line) const {
  TRY(const auto asked, to_be_rolled(line));
  std::vector<TrackedKey> keys = book_.keys();
  for (TrackedKey& key : keys) {
    if (std::find(asked.begin(), asked.end(), key.facts.id) != asked.end()) key.replace_asked_at = parts_.clock.now();
  }
  return agenda_of(keys);
}

PublisherStatus Publisher::status() const {
  PublisherStatus out;
  const Instant now = parts_.clock.now();
  out.zone = settings_.zone.apex;
  out.group = settings_.group;
  for (const std::uint16_t shard : zone::shards_of(settings_.zone)) out.shards.push_back(types::shard_name(shard));
  out.ds_records = sighting_.ds_records;
  out.source = source_.name();
  for (const TrackedKey& key : book_.keys()) {
    out.keys.push_back({key.facts.id, key.facts.tlsa.to_string(), role_of(key, rollover::serving_key(book_.keys(), key.line())),
                        key.facts.created_at, key.facts.published_at, key.facts.seen_everywhere_at, rollover::ready_at(key),
                        key.facts.serving_since, key.certificate_expires, key.facts.algorithm,
                        rollover::phase_of(key, now), key.facts.retired_at, key.certificate, key.source_says});
  }
  out.observation = sighting_.observation;
  if (!serving_here_.empty()) {
    out.serving_now.emplace();
    for (const std::string& id : serving_here_) *out.serving_now += (out.serving_now->empty() ? "" : ", ") + id;
  }
  out.agenda = agenda_;
  if (!agenda_.empty()) out.next = agenda_.front();
  out.fault = fault_;
  out.source_fault = source_fault_;
  if (parts_.nodes) out.in_the_way = parts_.nodes->in_the_way();
  const auto obstacle = std::find_if(agenda_.begin(), agenda_.end(), [](const auto& step) { return step.cause == rollover::Cause::obstacle; });
  const std::string why = !fault_.empty() ? fault_ : obstacle != agenda_.end() ? obstacle->why : "";
  if (held_since_ && !why.empty() && now >= *held_since_ + settings_.timing.propagation) {
    out.held_up = why + " (since " + to_rfc3339(*held_since_) + "; what serves goes on serving)";
  }
  return out;
}

}  // namespace danewerk::service
