#include "service/publisher/publisher.h"

#include <algorithm>

#include "engine/zone/diff.h"
#include "service/publisher/publisher_events.h"

namespace danewerk::service {
namespace {

namespace events = publisher_events;
using rollover::Action;
using rollover::Sight;
using rollover::TrackedKey;
using types::KeyEvent;

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

std::string told(const std::vector<zone::Conflict>& conflicts) {
  std::vector<std::string> out;
  for (const zone::Conflict& conflict : conflicts) out.push_back(zone::describe(conflict));
  return joined(out);
}

Result<std::shared_ptr<const io::ServerContext>> context_of(const TrackedKey& key) {
  return io::ServerContext::make({{key.facts.private_key, key.facts.certificate}});
}

const char* role_of(const TrackedKey& key, const TrackedKey* serving) {
  if (key.facts.withdrawn_at) return "withdrawn";
  if (key.compromised_at) return "compromised";
  if (key.facts.retired_at) return "retired";
  return &key == serving ? "serving" : "next";
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::create(PublisherSettings settings, io::KeyStore& store, ZoneAccess& access, io::CertificateSlot& slot,
                                                     io::Clock& clock, io::Log& log) {
  if (settings.servers.empty()) {
    return fail(ErrorKind::malformed, "zone " + settings.zone.apex.to_string() + ": no authoritative server is set");
  }
  TRY_VOID(zone::desired_records(settings.zone, {}));
  return std::unique_ptr<Publisher>(new Publisher(std::move(settings), store, access, slot, clock, log));
}

Publisher::Publisher(PublisherSettings settings, io::KeyStore& store, ZoneAccess& access, io::CertificateSlot& slot, io::Clock& clock, io::Log& log)
    : settings_(std::move(settings)), book_(store, settings_.zone.apex), access_(access),
      lookout_(access, settings_.zone, settings_.servers, clock), slot_(slot), clock_(clock), log_(log), claims_(store, settings_.zone.apex) {}

io::Task<> Publisher::run() {
  for (;;) {
    if (co_await turn()) continue;
    const Duration most = fault_.empty() ? settings_.look_interval : settings_.timing.look_again;
    const Instant now = clock_.now();
    const Instant soonest = now + std::min<Duration>(settings_.timing.look_again, most);
    co_await clock_.sleep_until(std::clamp(step_.when, soonest, now + most));
  }
}

/// Looks and takes one step. True if there may be another one right now.
io::Task<bool> Publisher::turn() {
  auto looked = co_await look();
  auto done = looked;
  bool acted = false;
  if (looked) {
    step_ = next();
    acted = step_.what != Action::wait && step_.when <= clock_.now();
    if (acted) {
      done = co_await carry_out(step_);
    } else {
      tell_step(step_);
      done = co_await erase_withdrawn();
    }
  }
  const std::string fault = done ? std::string{} : done.error().what;
  if (!done && fault != fault_) log_.event(events::step_failed, {{"step", rollover::to_string(step_.what)}, {"why", fault}});
  fault_ = fault;
  co_return acted && done;
}

io::Task<Result<void>> Publisher::look() {
  if (!loaded_) {
    CO_TRY_VOID(co_await book_.load());
    CO_TRY_VOID(co_await claims_.load());
    loaded_ = true;
  }
  Sighting seen = co_await lookout_.look(wanted());
  if (!compared_ && seen.observation.primary != rollover::ZoneObservation::Primary::unknown) {
    CO_TRY_VOID(co_await compare_with_zone(seen));
  }
  if (seen.observation.primary == rollover::ZoneObservation::Primary::as_desired) CO_TRY_VOID(co_await note_published());
  CO_TRY(const auto first_seen, co_await book_.note_look(seen.observation));
  for (const std::string& id : first_seen) log_.event(events::record_seen, {{"key", id}});
  tell_what_changed(sighting_, seen);
  sighting_ = std::move(seen);
  co_return Result<void>{};
}

rollover::Step Publisher::next() const {
  std::optional<std::string_view> here;
  if (serving_now_) here = *serving_now_;
  return rollover::next_step(book_.keys(), sighting_.observation, settings_.timing, here, clock_.now());
}

io::Task<Result<void>> Publisher::carry_out(rollover::Step step) {
  switch (step.what) {
    case Action::wait: break;
    case Action::make_key: co_return co_await make_key();
    case Action::publish: co_return co_await publish();
    case Action::serve: co_return co_await serve(step.key);
    case Action::renew_certificate: co_return co_await renew(step.key);
    case Action::retire:
      log_.event(events::key_retired, {{"key", step.key}, {"why", step.why}});
      co_return co_await book_.mark(step.key, KeyEvent::retired, clock_.now());
    case Action::withdraw:
      log_.event(events::key_withdrawn, {{"key", step.key}, {"why", step.why}});
      co_return co_await book_.mark(step.key, KeyEvent::withdrawn, clock_.now());
  }
  co_return Result<void>{};
}

/// A key is in the store, with what its record will displace, before its record is anywhere. PUB-03.
io::Task<Result<void>> Publisher::make_key() {
  if (sighting_.observation.primary == rollover::ZoneObservation::Primary::unknown) {
    co_return fail(ErrorKind::unavailable, "a new key waits for the primary server: its record's wait depends on what stands there now");
  }
  const Ttl displaced = rollover::displaced_ttl(sighting_.standing_ttl, settings_.negative_ttl, book_.earlier_ttl(), clock_.now());
  CO_TRY(const std::string id, co_await book_.make(names(), settings_.certificate_life, displaced, clock_.now()));
  log_.event(events::key_made, {{"key", id}, {"record", (*book_.find(id))->facts.tlsa.to_string()}});
  co_return Result<void>{};
}

io::Task<Result<void>> Publisher::publish() {
  const auto standing = sighting_.standing_ttl;
  if (standing && *standing > settings_.zone.tlsa_ttl) {  // what is shortened now outlives this in caches
    const rollover::EarlierTtl earlier{*standing, clock_.now() + settings_.timing.propagation};
    CO_TRY_VOID(co_await book_.note_earlier_ttl(earlier));
  }
  const zone::Plan planned = plan();
  if (!planned.conflicts.empty()) co_return fail(ErrorKind::conflict, told(planned.conflicts));
  for (const types::ZoneChange& change : planned.changes) {
    CO_TRY_VOID(co_await claims_.note_before(change, clock_.now()));
    const auto applied = co_await access_.apply(change);
    if (!applied) {
      const std::string why = std::string(io::dns::to_string(applied.error().kind)) + ": " + applied.error().what;
      if (fault_ != why) log_.event(events::update_failed, {{"zone", settings_.zone.apex.to_string()}, {"why", why}});
      fault_ = why;
      co_return fail(ErrorKind::unavailable, why);
    }
    log_.event(events::zone_changed, {{"zone", settings_.zone.apex.to_string()}, {"change", zone::describe(change)}});
    CO_TRY_VOID(co_await claims_.note_after(change, clock_.now()));
  }
  co_return co_await note_published();
}

zone::Plan Publisher::plan() const { return zone::plan(settings_.zone, wanted(), sighting_.at_primary, claims_.written(), settings_.writers); }

io::Task<Result<void>> Publisher::adopt(types::DomainName name, types::RecordType type, types::AdminAct act) {
  for (const types::RrSet& set : sighting_.at_primary.sets) {
    if (set.name == name && set.type == type) co_return co_await claims_.adopt(set, std::move(act));
  }
  co_return fail(ErrorKind::not_found, "the primary holds no " + types::to_string(type) + " at " + name.to_string() + ", or danewerk wants none there");
}

/// Once after the start: does the zone hold a later state than we remember? Then somebody with our keys' successors wrote it, and
/// we were put back to an older state: a key that the zone no longer holds was withdrawn, and must not serve again; one that it still
/// holds goes on. Where our records are merely gone the old ones in caches still fit, and nothing is to be done.
io::Task<Result<void>> Publisher::compare_with_zone(const Sighting& seen) {
  compared_ = true;
  const auto strange = zone::unknown_tlsa(seen.at_primary.sets, wanted(), claims_.written());
  if (strange.empty()) co_return Result<void>{};
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& key : keys) {
    if (key.facts.withdrawn_at || !key.facts.published_at || zone::holds_tlsa(seen.at_primary.sets, key.facts.tlsa)) continue;
    CO_TRY_VOID(co_await book_.mark(key.facts.id, KeyEvent::withdrawn, clock_.now()));
    log_.event(events::key_overtaken, {{"key", key.facts.id}, {"in_the_zone", joined(strange)}});
  }
  co_return Result<void>{};
}

/// The primary holds all that it should: by our update just now, or by one whose answer a crash took from us.
io::Task<Result<void>> Publisher::note_published() {
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& key : keys) {
    if (key.facts.withdrawn_at || key.facts.published_at) continue;
    CO_TRY_VOID(co_await book_.mark(key.facts.id, KeyEvent::published, clock_.now()));
  }
  co_return Result<void>{};
}

io::Task<Result<void>> Publisher::serve(std::string id) {
  CO_TRY(const TrackedKey* found, book_.find(id));
  const TrackedKey key = *found;
  CO_TRY(auto context, context_of(key));
  CO_TRY_VOID(co_await book_.mark(id, KeyEvent::serving, clock_.now()));
  slot_.set(std::move(context), id);
  serving_now_ = id;
  log_.event(events::serving, {{"key", id}, {"record", key.facts.tlsa.to_string()}, {"why", step_.why}});
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& other : keys) {
    if (other.facts.id == id || !other.facts.serving_since || other.facts.retired_at) continue;
    CO_TRY_VOID(co_await book_.mark(other.facts.id, KeyEvent::retired, clock_.now()));
    log_.event(events::key_retired, {{"key", other.facts.id}, {"why", "key " + id + " serves"}});
  }
  co_return Result<void>{};
}

io::Task<Result<void>> Publisher::renew(std::string id) {
  CO_TRY_VOID(co_await book_.renew(id, names(), settings_.certificate_life, clock_.now()));
  CO_TRY(const TrackedKey* key, book_.find(id));
  if (serving_now_ == id) {
    CO_TRY(auto context, context_of(*key));
    slot_.set(std::move(context), id);
  }
  log_.event(events::certificate_renewed, {{"key", id}, {"until", to_rfc3339(*key->certificate_expires)}});
  co_return Result<void>{};
}

/// A withdrawn key is of no use to anybody but a thief.
io::Task<Result<void>> Publisher::erase_withdrawn() {
  if (sighting_.observation.primary != rollover::ZoneObservation::Primary::as_desired) co_return Result<void>{};
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& key : keys) {
    if (!key.facts.withdrawn_at || rollover::seen_somewhere(key.facts.tlsa, sighting_.observation)) continue;
    CO_TRY_VOID(co_await book_.erase(key.facts.id));
    log_.event(events::key_erased, {{"key", key.facts.id}});
  }
  co_return Result<void>{};
}

io::Task<Result<void>> Publisher::declare_compromised(std::string id, std::string reason) {
  CO_TRY_VOID(co_await book_.declare_compromised(id, reason, clock_.now()));
  log_.event(events::key_compromised, {{"key", id}, {"why", reason}});
  co_return Result<void>{};
}

std::vector<types::RrSet> Publisher::wanted() const {
  auto records = zone::desired_records(settings_.zone, rollover::published_records(book_.keys()));
  CHECK(records.has_value());  // create() has checked the zone; at most four keys are ever unwithdrawn
  return *std::move(records);
}

std::vector<types::DomainName> Publisher::names() const {
  std::vector<types::DomainName> out = zone::certificate_names(settings_.zone);
  out.insert(out.end(), settings_.certificate_names.begin(), settings_.certificate_names.end());
  return out;
}

void Publisher::tell_what_changed(const Sighting& before, const Sighting& after) {
  if (after.ds_records != before.ds_records && !after.ds_records.empty()) {
    log_.event(events::ds_to_hand_over, {{"zone", settings_.zone.apex.to_string()}, {"ds", joined(after.ds_records)}});
  }
  const auto& now = after.observation;
  if (now.validation != before.observation.validation) {
    log_.event(events::validation_changed, {{"result", rollover::to_string(now.validation)}, {"why", now.validation_detail}});
  }
  for (std::size_t i = 0; i < now.servers.size(); ++i) {
    const auto& server = now.servers[i];
    const Sight was = i < before.observation.servers.size() ? before.observation.servers[i].sight : Sight::verified;
    if (server.sight == was) continue;
    const auto& kind = server.sight == Sight::verified ? events::server_well : events::server_faulty;
    log_.event(kind, {{"server", server.server}, {"result", rollover::to_string(server.sight)}, {"why", server.detail}});
  }
}

/// Once for each thing waited for, not once for each look.
void Publisher::tell_step(const rollover::Step& step) {
  if (step.why == told_) return;
  told_ = step.why;
  log_.event(events::waiting, {{"until", to_rfc3339(step.when)}, {"key", step.key}, {"why", step.why}});
}

PublisherStatus Publisher::status() const {
  PublisherStatus out;
  out.zone = settings_.zone.apex;
  out.ds_records = sighting_.ds_records;
  const TrackedKey* serving = rollover::serving_key(book_.keys());
  for (const TrackedKey& key : book_.keys()) {
    out.keys.push_back({key.facts.id, key.facts.tlsa.to_string(), role_of(key, serving), key.facts.created_at, key.facts.published_at,
                        key.facts.seen_everywhere_at, rollover::ready_at(key), key.facts.serving_since, key.certificate_expires});
  }
  out.observation = sighting_.observation;
  out.serving_now = serving_now_;
  out.next = step_;
  out.fault = fault_;
  return out;
}

}  // namespace danewerk::service
