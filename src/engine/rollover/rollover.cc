#include "engine/rollover/rollover.h"

#include <algorithm>

namespace danewerk::rollover {
namespace {

constexpr std::size_t keys_wanted = 2;  // the one that serves, and the next

bool holds(const types::TlsaSet& set, const types::TlsaRecord& record) {
  return std::find(set.begin(), set.end(), record) != set.end();
}

bool is_live(const TrackedKey& key) { return !key.facts.retired_at && !key.facts.withdrawn_at; }

bool is_spent(const TrackedKey& key) { return !key.facts.withdrawn_at && key.facts.retired_at.has_value(); }

/// Has not served yet and may.
bool is_incoming(const TrackedKey& key) {
  return is_live(key) && !key.facts.serving_since && !key.compromised_at;
}

/// Names the servers that do not show the record: "ns2 (unreachable: timeout), ns3 (without it)".
std::string who_lacks(const types::TlsaRecord& record, const ZoneObservation& observation) {
  std::string out;
  for (const ServerSight& server : observation.servers) {
    if (server.sight == Sight::verified && holds(server.records, record)) continue;
    out += (out.empty() ? "" : ", ") + server.server + " (";
    out += server.sight == Sight::verified ? "without it" : std::string(to_string(server.sight)) + ": " + server.detail;
    out += ")";
  }
  return out.empty() ? "no server" : out;
}

/// Collects what could be done and gives the first in time; of two at the same time the one offered first.
class Agenda {
 public:
  Agenda(Instant now) : now_(now) {}
  void offer(Action what, const std::string& key, Instant when, std::string why) {
    when = std::max(when, now_);
    if (!step_ || when < step_->when) step_ = Step{what, key, when, std::move(why)};
  }
  bool has_something_now() const { return step_ && step_->when <= now_ && step_->what != Action::wait; }
  Step take() { return *std::move(step_); }

 private:
  Instant now_;
  std::optional<Step> step_;
};

class Planner {
 public:
  Planner(const std::vector<TrackedKey>& keys, const ZoneObservation& observation, const Timing& timing,
          std::optional<std::string_view> serving_now, Instant now)
      : keys_(keys), observation_(observation), timing_(timing), serving_now_(serving_now), now_(now), agenda_(now) {}

  Step plan() {
    tidy_after_crash();
    serving_key(keys_) ? keep_serving() : begin_serving();  // before publishing, which may fail again and again
    keep_two_keys();
    keep_zone();
    let_go();
    renew_certificates();
    agenda_.offer(Action::wait, {}, now_ + timing_.key_lifetime, "nothing is due");
    return agenda_.take();
  }

 private:
  /// "Serve" is written down for the new key first, then "retired" for the old one: between them we may have died.
  void tidy_after_crash() {
    const TrackedKey* serving = serving_key(keys_);
    for (const TrackedKey& key : keys_) {
      if (&key == serving || !key.facts.serving_since || !is_live(key)) continue;
      agenda_.offer(Action::retire, key.facts.id, now_, "key " + serving->facts.id + " serves in its place");
    }
  }

  void keep_two_keys() {
    const auto usable = std::count_if(keys_.begin(), keys_.end(), [](const TrackedKey& k) { return is_live(k) && !k.compromised_at; });
    const bool changing = std::any_of(keys_.begin(), keys_.end(), is_spent);  // PUB-04: one change at a time
    const bool hurry = std::any_of(keys_.begin(), keys_.end(), [](const TrackedKey& k) { return k.compromised_at && is_live(k); });
    if (usable >= static_cast<std::ptrdiff_t>(keys_wanted) || (changing && !hurry && usable > 0)) return;
    agenda_.offer(Action::make_key, {}, now_, usable == 0 ? "there is no key to serve" : "there is no next key");
  }

  void keep_zone() {
    if (observation_.primary == ZoneObservation::Primary::differs) {
      agenda_.offer(Action::publish, {}, now_, "the zone does not hold what it should");
    }
    if (observation_.primary == ZoneObservation::Primary::unknown) {
      agenda_.offer(Action::wait, {}, now_ + timing_.look_again, "the primary server cannot be asked");
    }
  }

  /// Nothing has ever served: the first key that passes the gate does.
  void begin_serving() {
    for (const TrackedKey& key : keys_) {
      if (is_incoming(key)) return offer_switch(key, now_, Hurry::no, "key " + key.facts.id + " is published and known everywhere");
    }
  }

  void keep_serving() {
    const TrackedKey& serving = *serving_key(keys_);
    if (serving_now_ != serving.facts.id) resume(serving);
    const bool lost = serving.compromised_at.has_value();
    const Instant due = lost ? now_ : *serving.facts.serving_since + timing_.key_lifetime;
    for (const TrackedKey& key : keys_) {
      if (!is_incoming(key)) continue;
      const std::string why = lost ? "key " + serving.facts.id + " is compromised" : "key " + serving.facts.id + " has served its time";
      return offer_switch(key, due, lost ? Hurry::yes : Hurry::no, why);
    }
  }

  /// After a restart: senders expect the key that served last. Better an edge that some server confirms than none.
  void resume(const TrackedKey& serving) {
    if (seen_somewhere(serving.facts.tlsa, observation_)) {
      agenda_.offer(Action::serve, serving.facts.id, now_, "it served before the restart, and its record stands");
    } else {
      agenda_.offer(Action::wait, serving.facts.id, now_ + timing_.look_again,
                    "before serving again, a server must show the record of key " + serving.facts.id + "; lacking: " +
                        who_lacks(serving.facts.tlsa, observation_));
    }
  }

  enum class Hurry : std::uint8_t { no, yes };

  /// PUB-03, DDNS-03: the gate before a key is served.
  void offer_switch(const TrackedKey& key, Instant due, Hurry hurry, std::string why) {
    const std::string& id = key.facts.id;
    if (due > now_) return agenda_.offer(Action::wait, id, due, std::move(why) + " then");
    const std::string obstacle = closed_gate(key);
    if (!obstacle.empty()) return agenda_.offer(Action::wait, id, now_ + timing_.look_again, obstacle);
    const std::optional<Instant> ready = hurry == Hurry::yes ? now_ : ready_at(key);  // PUB-10
    if (!ready) return agenda_.offer(Action::wait, id, now_ + timing_.look_again, "the servers do not agree yet");
    if (*ready > now_) {
      return agenda_.offer(Action::wait, id, *ready, "caches may hold an answer without key " + id + " until then");
    }
    agenda_.offer(Action::serve, id, now_, std::move(why));
  }

  /// Why this look does not allow the key to be served; empty where it does.
  std::string closed_gate(const TrackedKey& key) const {
    if (now_ - observation_.at > timing_.look_freshness) return "the last look at the servers is too old";
    if (!key.facts.seen_everywhere_at || !seen_everywhere(key.facts.tlsa, observation_)) {
      return "waiting for the record of key " + key.facts.id + " at " + who_lacks(key.facts.tlsa, observation_);
    }
    switch (observation_.validation) {
      case Validation::secure: break;
      case Validation::insecure: return "waiting for the zone's DS at the parent: " + observation_.validation_detail;
      case Validation::failed: return "a validating lookup fails: " + observation_.validation_detail;
      case Validation::not_asked: return "no validating lookup was made yet";
    }
    if (!holds(observation_.validated, key.facts.tlsa)) return "a validating lookup does not show key " + key.facts.id;
    return {};
  }

  void let_go() {
    const TrackedKey* serving = serving_key(keys_);
    if (!serving || serving_now_ != serving->facts.id) return;  // PUB-03: the new key is live, only then the old one goes
    for (const TrackedKey& key : keys_) {
      if (key.facts.withdrawn_at || &key == serving) continue;
      if (key.compromised_at && (key.facts.retired_at || !key.facts.serving_since)) {
        agenda_.offer(Action::withdraw, key.facts.id, now_, "it is compromised");
      } else if (key.facts.retired_at) {
        agenda_.offer(Action::withdraw, key.facts.id, *key.facts.retired_at + timing_.propagation, "nobody serves it any more");
      }
    }
  }

  void renew_certificates() {
    for (const TrackedKey& key : keys_) {
      if (!is_live(key) || !key.certificate_expires) continue;
      agenda_.offer(Action::renew_certificate, key.facts.id, *key.certificate_expires - timing_.certificate_lead,
                    "its certificate ends " + to_rfc3339(*key.certificate_expires));
    }
  }

  const std::vector<TrackedKey>& keys_;
  const ZoneObservation& observation_;
  const Timing& timing_;
  std::optional<std::string_view> serving_now_;
  Instant now_;
  Agenda agenda_;
};

}  // namespace

Step next_step(const std::vector<TrackedKey>& keys, const ZoneObservation& observation, const Timing& timing,
               std::optional<std::string_view> serving_now, Instant now) {
  return Planner(keys, observation, timing, serving_now, now).plan();
}

types::TlsaSet published_records(const std::vector<TrackedKey>& keys) {
  types::TlsaSet out;
  for (const TrackedKey& key : keys) {
    if (!key.facts.withdrawn_at && !holds(out, key.facts.tlsa)) out.push_back(key.facts.tlsa);
  }
  return out;
}

const TrackedKey* serving_key(const std::vector<TrackedKey>& keys) {
  const TrackedKey* out = nullptr;
  for (const TrackedKey& key : keys) {
    if (!key.facts.serving_since || !is_live(key)) continue;
    if (out == nullptr || *key.facts.serving_since > *out->facts.serving_since) out = &key;
  }
  return out;
}

bool seen_everywhere(const types::TlsaRecord& record, const ZoneObservation& observation) {
  return !observation.servers.empty() &&
         std::all_of(observation.servers.begin(), observation.servers.end(), [&record](const ServerSight& server) {
           return server.sight == Sight::verified && holds(server.records, record);
         });
}

bool seen_somewhere(const types::TlsaRecord& record, const ZoneObservation& observation) {
  return std::any_of(observation.servers.begin(), observation.servers.end(), [&record](const ServerSight& server) {
    return server.sight == Sight::verified && holds(server.records, record);
  });
}

std::optional<Instant> agreed_since(const TrackedKey& key, const ZoneObservation& observation) {
  const bool contradicted = std::any_of(observation.servers.begin(), observation.servers.end(), [&key](const ServerSight& server) {
    return server.sight == Sight::unverified || (server.sight == Sight::verified && !holds(server.records, key.facts.tlsa));
  });
  if (contradicted) return std::nullopt;
  if (key.agreed_since) return key.agreed_since;
  return seen_everywhere(key.facts.tlsa, observation) ? std::optional(observation.at) : std::nullopt;
}

Ttl displaced_ttl(std::optional<Ttl> standing, Ttl negative, const std::optional<EarlierTtl>& earlier, Instant now) {
  Ttl out = standing.value_or(negative);
  const bool still_cached = earlier && now < earlier->until + 2 * std::chrono::seconds(earlier->ttl.count());
  if (still_cached) out = std::max(out, earlier->ttl);
  return out;
}

std::optional<Instant> ready_at(const TrackedKey& key) {
  if (!key.facts.seen_everywhere_at || !key.agreed_since) return std::nullopt;
  return *key.agreed_since + 2 * std::chrono::seconds(key.displaced_ttl.count());  // PUB-03
}

const char* to_string(Sight sight) noexcept {
  switch (sight) {
    case Sight::verified: return "verified";
    case Sight::unverified: return "unverified";
    case Sight::unreachable: return "unreachable";
  }
  return "unreachable";
}

const char* to_string(Validation validation) noexcept {
  switch (validation) {
    case Validation::not_asked: return "not_asked";
    case Validation::secure: return "secure";
    case Validation::insecure: return "insecure";
    case Validation::failed: return "failed";
  }
  return "failed";
}

const char* to_string(Action action) noexcept {
  switch (action) {
    case Action::wait: return "wait";
    case Action::make_key: return "make_key";
    case Action::publish: return "publish";
    case Action::serve: return "serve";
    case Action::retire: return "retire";
    case Action::withdraw: return "withdraw";
    case Action::renew_certificate: return "renew_certificate";
  }
  return "wait";
}

}  // namespace danewerk::rollover
