#include "engine/rollover/tracked_key.h"

#include <algorithm>

namespace danewerk::rollover {

bool is_live(const TrackedKey& key) { return !key.facts.retired_at && !key.facts.withdrawn_at; }

bool is_spent(const TrackedKey& key) { return !key.facts.withdrawn_at && key.facts.retired_at.has_value(); }

bool is_incoming(const TrackedKey& key) { return is_live(key) && !key.facts.serving_since && !key.compromised_at; }

types::TlsaSet published_records(const std::vector<TrackedKey>& keys) {
  types::TlsaSet out;
  for (const TrackedKey& key : keys) {
    if (!key.facts.withdrawn_at && !holds(out, key.facts.tlsa)) out.push_back(key.facts.tlsa);
  }
  return out;
}

const TrackedKey* serving_key(const std::vector<TrackedKey>& keys, types::KeyLine line) {
  const TrackedKey* out = nullptr;
  for (const TrackedKey& key : keys) {
    if (key.line() != line || !key.facts.serving_since || !is_live(key)) continue;
    if (out == nullptr || *key.facts.serving_since > *out->facts.serving_since) out = &key;
  }
  return out;
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

std::optional<EarlierTtl> earlier_after(const std::optional<EarlierTtl>& before, const ZoneObservation& observation, Ttl wanted) {
  std::optional<EarlierTtl> out = before;
  if (out && observation.at >= out->until + 2 * std::chrono::seconds(out->ttl.count())) out.reset();
  for (const ServerSight& server : observation.servers) {
    if (server.sight != Sight::verified || server.ttl <= wanted) continue;
    out = out ? EarlierTtl{std::max(out->ttl, server.ttl), std::max(out->until, observation.at)} : EarlierTtl{server.ttl, observation.at};
  }
  return out;
}

Ttl displaced_after(const TrackedKey& key, const ZoneObservation& observation) {
  Ttl out = key.displaced_ttl;
  for (const ServerSight& server : observation.servers) {
    if (server.sight == Sight::verified && !holds(server.records, key.facts.tlsa)) out = std::max(out, server.ttl);
  }
  return out;
}

std::optional<Instant> ready_at(const TrackedKey& key) {
  if (!key.facts.seen_everywhere_at || !key.agreed_since) return std::nullopt;
  return *key.agreed_since + 2 * std::chrono::seconds(key.displaced_ttl.count());  // PUB-03
}

Phase phase_of(const TrackedKey& key, Instant now) {
  if (key.facts.withdrawn_at) return Phase::withdrawn;
  if (key.compromised_at) return Phase::compromised;
  if (key.facts.retired_at) return Phase::retired;
  if (key.facts.serving_since) return Phase::serving;
  const auto ready = ready_at(key);
  if (ready && *ready <= now) return Phase::ready;
  if (key.facts.seen_everywhere_at) return Phase::seen_everywhere;
  return key.facts.published_at ? Phase::published : Phase::made;
}

const char* to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::made: return "made";
    case Phase::published: return "published";
    case Phase::seen_everywhere: return "seen everywhere";
    case Phase::ready: return "ready";
    case Phase::serving: return "serving";
    case Phase::retired: return "retired";
    case Phase::withdrawn: return "withdrawn";
    case Phase::compromised: return "compromised";
  }
  return "made";
}

}  // namespace danewerk::rollover
