#include "service/publisher/publisher.h"

#include <algorithm>

#include "engine/zone/diff.h"
#include "service/publisher/publisher_events.h"

namespace danewerk::service {
namespace {

namespace events = publisher_events;
using rollover::Action;
using rollover::Sight;
using rollover::Step;
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

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::create(PublisherSettings settings, PublisherParts parts) {
  const std::string zone = "zone " + settings.zone.apex.to_string();
  if (settings.servers.empty()) return fail(ErrorKind::malformed, zone + ": no authoritative server is set");
  if (settings.algorithms.empty()) return fail(ErrorKind::malformed, zone + ": no key algorithm is set");
  for (const types::KeyLine line : types::all_key_lines) {
    const auto count = std::count_if(settings.algorithms.begin(), settings.algorithms.end(), [line](auto a) { return types::line_of(a) == line; });
    if (count > 1) return fail(ErrorKind::malformed, zone + ": two key algorithms of one line (" + to_string(line) + "); a server can serve one of them");
  }
  TRY_VOID(zone::desired_records(settings.zone, {}));
  return std::unique_ptr<Publisher>(new Publisher(std::move(settings), std::move(parts)));
}

Publisher::Publisher(PublisherSettings settings, PublisherParts parts)
    : settings_(std::move(settings)), parts_(std::move(parts)), self_issued_(settings_.certificate_life, parts_.clock),
      source_(parts_.source ? *parts_.source : self_issued_),
      wish_{settings_.algorithms, parts_.probe ? rollover::Probing::required : rollover::Probing::off},
      book_(parts_.store, settings_.zone.apex, settings_.group, source_.name()), claims_(parts_.store, settings_.zone.apex),
      lookout_(parts_.access, settings_.zone, settings_.servers, settings_.negative_ttl, parts_.clock) {}

io::Task<> Publisher::run() {
  while (true) {
    const bool acted = co_await turn();  // named: with `if (co_await ...) continue;` g++ 12.2 put a trap here
    if (!acted) co_await rest();
  }
}

/// Until something is due, or somebody wants something.
io::Task<> Publisher::rest() {
  const Duration most = fault_.empty() ? settings_.look_interval : settings_.timing.look_again;
  const Instant now = parts_.clock.now();
  const Instant soonest = now + std::min<Duration>(settings_.timing.look_again, most);
  const Instant due = agenda_.empty() ? now + most : agenda_.front().when;
  co_await alarm_.sleep_until(parts_.clock, std::clamp(due, soonest, now + most));
}

/// Looks and takes one step. True if there may be another one right now.
io::Task<bool> Publisher::turn() {
  auto looked = co_await look();
  auto done = looked;
  bool acted = false;
  if (looked) {
    agenda_ = agenda_of(book_.keys());
    const Step step = agenda_.front();
    acted = step.what != Action::wait && step.when <= parts_.clock.now();
    if (acted) {
      done = co_await carry_out(step);
    } else {
      tell_step(step);
      const auto tidied = co_await tidy();
      if (!tidied) done = Failure{tidied.error()};
      acted = tidied.value_or(false);
    }
  }
  const std::string fault = done ? std::string{} : done.error().what;
  const char* doing = agenda_.empty() ? "look" : rollover::to_string(agenda_.front().what);
  if (!done && fault != fault_) say(events::step_failed, {{"step", doing}, {"why", fault}});
  fault_ = fault;
  note_obstacles();
  co_return acted && done;
}

io::Task<Result<void>> Publisher::look() {
  if (!loaded_) {
    CO_TRY_VOID(co_await book_.load(parts_.clock.now()));
    CO_TRY_VOID(co_await claims_.load());
    loaded_ = true;
  }
  auto edges = co_await look_at_edges();
  Sighting seen = co_await lookout_.look(wanted());
  seen.observation.edges = std::move(edges);
  if (seen.observation.primary == rollover::ZoneObservation::Primary::as_desired) CO_TRY_VOID(co_await note_published());
  CO_TRY(const auto first_seen, co_await book_.note_look(seen.observation, settings_.zone.tlsa_ttl));
  for (const std::string& id : first_seen) say(events::record_seen, {{"key", id}});
  tell_what_changed(sighting_, seen);
  sighting_ = std::move(seen);
  co_return Result<void>{};
}

/// Only while an old record waits for it: this is a connection to every address.
io::Task<std::optional<rollover::EdgeObservation>> Publisher::look_at_edges() {
  std::optional<rollover::EdgeObservation> out;
  const Instant now = parts_.clock.now();
  const bool awaited = std::any_of(book_.keys().begin(), book_.keys().end(), [&](const TrackedKey& key) {
    return rollover::is_spent(key) && key.retired_from && now >= *key.retired_from + settings_.timing.propagation;
  });
  if (!awaited || !parts_.probe) co_return out;
  auto sights = co_await parts_.probe();
  out.emplace(rollover::EdgeObservation{now, std::move(sights)});
  co_return out;
}

std::vector<Step> Publisher::agenda_of(const std::vector<TrackedKey>& keys) const {
  return rollover::agenda({keys, sighting_.observation, settings_.timing, wish_, serving_here_, parts_.clock.now()});
}

io::Task<Result<void>> Publisher::carry_out(rollover::Step step) {
  switch (step.what) {
    case Action::wait: break;
    case Action::make_key: co_return co_await make_key(step.algorithm);
    case Action::publish: co_return co_await publish();
    case Action::serve: co_return co_await serve(step.key);
    case Action::obtain_certificate: co_return co_await obtain(step.key);
    case Action::supersede: co_return co_await supersede(step.key, step.why);
    case Action::retire:
      say(events::key_retired, {{"key", step.key}, {"why", step.why}});
      co_return co_await retire(step.key);
    case Action::withdraw:
      say(events::key_withdrawn, {{"key", step.key}, {"why", step.why}});
      co_return co_await book_.mark(step.key, KeyEvent::withdrawn, parts_.clock.now());
  }
  co_return Result<void>{};
}

/// A key is in the store, with what its record will displace, before its record is anywhere. PUB-03.
io::Task<Result<void>> Publisher::make_key(types::KeyAlgorithm algorithm) {
  if (sighting_.observation.primary == rollover::ZoneObservation::Primary::unknown) {
    co_return fail(ErrorKind::unavailable, "a new key waits for the primary server: its record's wait depends on what stands there now");
  }
  const Ttl displaced = rollover::displaced_ttl(sighting_.standing_ttl, settings_.negative_ttl, book_.earlier_ttl(), parts_.clock.now());
  CO_TRY(const std::string id, co_await book_.make(algorithm, names(), settings_.certificate_life, displaced, parts_.clock.now()));
  say(events::key_made, {{"key", id}, {"record", (*book_.find(id))->facts.tlsa.to_string()}});
  co_return Result<void>{};
}

io::Task<Result<void>> Publisher::publish() {
  const Ttl standing = sighting_.standing_ttl.value_or(settings_.negative_ttl);
  if (standing > settings_.zone.tlsa_ttl) {  // what is shortened now outlives this in caches; absence too
    const rollover::EarlierTtl earlier{standing, parts_.clock.now() + settings_.timing.propagation};
    CO_TRY_VOID(co_await book_.note_earlier_ttl(earlier));
  }
  const zone::Plan planned = plan();
  if (!planned.conflicts.empty()) co_return fail(ErrorKind::conflict, told(planned.conflicts));
  for (const types::ZoneChange& change : planned.changes) {
    if (settings_.writers == zone::Writers::others) CO_TRY_VOID(co_await claims_.note_before(change, parts_.clock.now()));
    const auto applied = co_await parts_.access.apply(change);
    if (!applied) {
      const std::string why = std::string(io::dns::to_string(applied.error().kind)) + ": " + applied.error().what;
      if (fault_ != why) say(events::update_failed, {{"zone", settings_.zone.apex.to_string()}, {"why", why}});
      fault_ = why;
      co_return fail(ErrorKind::unavailable, why);
    }
    say(events::zone_changed, {{"zone", settings_.zone.apex.to_string()}, {"change", zone::describe(change)}});
    if (settings_.writers == zone::Writers::others) CO_TRY_VOID(co_await claims_.note_after(change, parts_.clock.now()));
  }
  co_return co_await note_published();
}

/// The primary holds all that it should: by our update just now, or by one whose answer a crash took from us.
io::Task<Result<void>> Publisher::note_published() {
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& key : keys) {
    if (key.facts.withdrawn_at || key.facts.published_at) continue;
    CO_TRY_VOID(co_await book_.mark(key.facts.id, KeyEvent::published, parts_.clock.now()));
  }
  if (settings_.writers == zone::Writers::we_alone) co_return Result<void>{};
  auto standing = wanted();
  co_return co_await claims_.note_standing(std::move(standing), parts_.clock.now());
}

/// The edge gets the chains of all keys named, one a line; connections that began keep what they have.
Result<void> Publisher::hand_over(const std::vector<std::string>& keys) {
  std::vector<io::ServerIdentity> identities;
  for (const std::string& id : keys) {
    TRY(const TrackedKey* key, book_.find(id));
    identities.push_back({key->facts.private_key, key->facts.certificate});
  }
  TRY(auto context, io::ServerContext::make(identities, settings_.group));
  std::string names;
  for (const std::string& id : keys) names += (names.empty() ? "" : ",") + id;
  parts_.slot.set(std::move(context), std::move(names));
  return {};
}

io::Task<Result<void>> Publisher::serve(std::string id) {
  CO_TRY(const TrackedKey* found, book_.find(id));
  const TrackedKey key = *found;
  const TrackedKey* before = rollover::serving_key(book_.keys(), key.line());
  Instant at = parts_.clock.now();  // never before that of the key it replaces, whatever the clock said then
  if (before && before->facts.serving_since) at = std::max(at, *before->facts.serving_since + std::chrono::milliseconds(1));
  CO_TRY_VOID(co_await book_.mark(id, KeyEvent::serving, at));
  std::vector<std::string> serving;
  for (const std::string& other : serving_here_) {
    const auto tracked = book_.find(other);
    if (tracked && (*tracked)->line() != key.line()) serving.push_back(other);
  }
  serving.push_back(id);
  CO_TRY_VOID(hand_over(serving));
  serving_here_ = std::move(serving);
  say(events::serving, {{"key", id}, {"record", key.facts.tlsa.to_string()}, {"why", agenda_.front().why}});
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& other : keys) {
    if (other.facts.id == id || other.line() != key.line() || !other.facts.serving_since || other.facts.retired_at) continue;
    CO_TRY_VOID(co_await book_.mark(other.facts.id, KeyEvent::retired, parts_.clock.now()));
    say(events::key_retired, {{"key", other.facts.id}, {"why", "key " + id + " serves"}});
  }
  co_return Result<void>{};
}

/// First the edge lets go of it, then that is written down.
io::Task<Result<void>> Publisher::retire(std::string id) {
  std::vector<std::string> serving = serving_here_;
  if (std::erase(serving, id) > 0 && !serving.empty()) {
    CO_TRY_VOID(hand_over(serving));
    serving_here_ = std::move(serving);
  }
  co_return co_await book_.mark(id, KeyEvent::retired, parts_.clock.now());
}

io::Task<Result<void>> Publisher::supersede(std::string id, std::string why) {
  say(events::key_superseded, {{"key", id}, {"why", why}});
  co_return co_await book_.mark(id, KeyEvent::withdrawn, parts_.clock.now());
}

types::CertificateOrder Publisher::order_for(const TrackedKey& key) const {
  types::CertificateOrder order{key.facts.id, key.facts.algorithm, key.facts.private_key, names(), std::nullopt};
  if (key.certificate == rollover::Certificate::obtained) order.standing_until = key.certificate_expires;
  return order;
}

/// The gate of certificates: whatever the source, only a chain for this very key goes on. What serves is not touched by a failure.
io::Task<Result<void>> Publisher::obtain(std::string id) {
  CO_TRY(const TrackedKey* key, book_.find(id));
  const types::CertificateOrder order = order_for(*key);
  const auto answer = co_await source_.obtain(order);
  if (!answer) co_return co_await source_failed(order, source_.name() + ": " + answer.error().what);
  if (const auto* later = std::get_if<types::CertificateLater>(&*answer)) {
    book_.note_source(id, later->ask_again, later->why);
    co_return Result<void>{};
  }
  const std::string chain = std::get<types::CertificateIssued>(*answer).chain;
  const auto fits = check_issued(chain, order, parts_.clock.now());
  if (!fits) co_return co_await source_failed(order, source_.name() + ": " + fits.error().what);
  if (!source_fault_.empty()) say(events::source_well, {{"key", id}});
  source_fault_.clear();
  co_return co_await take_certificate(order, chain, source_.name());
}

io::Task<Result<void>> Publisher::take_certificate(types::CertificateOrder order, std::string chain, std::string from) {
  CO_TRY_VOID(co_await book_.certify(order.key, chain, from, parts_.clock.now()));
  const bool served = std::find(serving_here_.begin(), serving_here_.end(), order.key) != serving_here_.end();
  if (served) CO_TRY_VOID(hand_over(serving_here_));
  CO_TRY(const TrackedKey* key, book_.find(order.key));
  say(events::certificate_renewed, {{"key", order.key}, {"from", from}, {"until", to_rfc3339(*key->certificate_expires)}});
  co_return Result<void>{};
}

/// Told once. Where the certificate in use is about to end, one of our own takes its place: under DANE-EE it is as good, and
/// some senders refuse expired ones.
io::Task<Result<void>> Publisher::source_failed(types::CertificateOrder order, std::string why) {
  if (why != source_fault_) say(events::source_failed, {{"key", order.key}, {"why", why}});
  source_fault_ = why;
  const Instant now = parts_.clock.now();
  CO_TRY(const TrackedKey* key, book_.find(order.key));
  const bool ends_soon = key->certificate_expires && *key->certificate_expires - now < settings_.timing.certificate_lead / 4;
  if (ends_soon) {
    const auto own = co_await self_issued_.obtain(order);
    if (!own) co_return Failure{own.error()};
    const std::string chain = std::get<types::CertificateIssued>(*own).chain;
    CO_TRY_VOID(co_await take_certificate(order, chain, SelfIssued::self_issued_name));
  }
  book_.note_source(order.key, now + settings_.ask_source_again, why);
  co_return Result<void>{};
}

/// What waits for nothing and holds nothing up. True if there may be more of it.
io::Task<Result<bool>> Publisher::tidy() {
  CO_TRY_VOID(co_await erase_withdrawn());
  if (!parts_.nodes || sighting_.observation.primary == rollover::ZoneObservation::Primary::unknown) co_return false;
  co_return co_await parts_.nodes->round();
}

/// A withdrawn key is of no use to anybody but a thief.
io::Task<Result<void>> Publisher::erase_withdrawn() {
  if (sighting_.observation.primary != rollover::ZoneObservation::Primary::as_desired) co_return Result<void>{};
  const std::vector<TrackedKey> keys = book_.keys();
  for (const TrackedKey& key : keys) {
    if (!key.facts.withdrawn_at || rollover::seen_somewhere(key.facts.tlsa, sighting_.observation)) continue;
    CO_TRY_VOID(co_await book_.erase(key.facts.id));
    say(events::key_erased, {{"key", key.facts.id}});
  }
  co_return Result<void>{};
}

std::vector<types::RrSet> Publisher::wanted() const {
  auto records = zone::desired_records(settings_.zone, rollover::published_records(book_.keys()));
  CHECK(records.has_value());  // create() has checked the zone; rollover::most_records are ever unwithdrawn
  return *std::move(records);
}

std::vector<types::DomainName> Publisher::names() const {
  std::vector<types::DomainName> out = zone::certificate_names(settings_.zone);
  out.insert(out.end(), settings_.certificate_names.begin(), settings_.certificate_names.end());
  return out;
}

void Publisher::tell_what_changed(const Sighting& before, const Sighting& after) {
  const bool is_first = settings_.group.empty();  // the DS is the zone's: one publisher tells of it
  if (is_first && after.ds_records != before.ds_records && !after.ds_records.empty()) {
    say(events::ds_to_hand_over, {{"zone", settings_.zone.apex.to_string()}, {"ds", joined(after.ds_records)}});
  }
  const auto& now = after.observation;
  if (now.validation != before.observation.validation) {
    say(events::validation_changed, {{"result", rollover::to_string(now.validation)}, {"why", now.validation_detail}});
  }
  for (std::size_t i = 0; i < now.servers.size(); ++i) {
    const auto& server = now.servers[i];
    const Sight was = i < before.observation.servers.size() ? before.observation.servers[i].sight : Sight::verified;
    if (server.sight == was) continue;
    const auto& kind = server.sight == Sight::verified ? events::server_well : events::server_faulty;
    say(kind, {{"server", server.server}, {"result", rollover::to_string(server.sight)}, {"why", server.detail}});
  }
}

/// A group's records name it.
void Publisher::say(const types::LogEvent& event, types::LogFields fields) {
  if (!settings_.group.empty()) fields.push_back({"group", settings_.group});
  parts_.log.event(event, std::move(fields));
}

/// Once for each thing waited for, not once for each look.
void Publisher::tell_step(const rollover::Step& step) {
  if (step.why == told_) return;
  told_ = step.why;
  say(events::waiting, {{"until", to_rfc3339(step.when)}, {"key", step.key}, {"why", step.why}});
}

/// What is in the way and should not be; an alert once it has lasted as long as things are meant to take.
void Publisher::note_obstacles() {
  const bool held = !fault_.empty() ||
                    std::any_of(agenda_.begin(), agenda_.end(), [](const Step& step) { return step.cause == rollover::Cause::obstacle; });
  if (!held) held_since_.reset();
  if (held && !held_since_) held_since_ = parts_.clock.now();
}

}  // namespace danewerk::service
