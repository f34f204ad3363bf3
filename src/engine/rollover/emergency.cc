#include "engine/rollover/emergency.h"

#include <algorithm>

#include "base/check.h"

namespace danewerk::rollover {
namespace {

const TrackedKey* successor_of(const Situation& situation, const TrackedKey& key) {
  for (const TrackedKey& other : situation.keys) {
    if (other.line() == key.line() && other.facts.id != key.facts.id && is_incoming(other) &&
        situation.wish.algorithm_of(key.line()) == other.facts.algorithm) {
      return &other;
    }
  }
  return nullptr;
}

Duration twice(Ttl ttl) { return 2 * std::chrono::seconds(ttl.count()); }

std::string who_takes_over(const Emergency& emergency) {
  if (!emergency.successor) return "There is no next key: one is made and published first, and served as soon as every server shows its record.";
  if (emergency.mail_waits_at_most == Duration(0)) {
    return "Key " + *emergency.successor + " takes over at once; no cache can hold an answer without it, so no mail waits.";
  }
  return "Key " + *emergency.successor + " takes over as soon as every server shows its record.";
}

}  // namespace

Emergency emergency_of(const Situation& situation, const std::string& id, Ttl displaced) {
  const auto found = std::find_if(situation.keys.begin(), situation.keys.end(), [&id](const TrackedKey& key) { return key.facts.id == id; });
  CHECK(found != situation.keys.end());
  const TrackedKey& key = *found;
  Emergency out;
  out.now = phase_of(key, situation.now);
  for (const ServerSight& server : situation.observation.servers) {
    if (holds(server.records, key.facts.tlsa)) out.forgeable_until = std::max(out.forgeable_until, server.signed_until);
  }
  if (out.now == Phase::serving) {
    const TrackedKey* successor = successor_of(situation, key);
    const auto ready = successor ? ready_at(*successor) : std::nullopt;
    if (successor) out.successor = successor->facts.id;
    out.mail_waits_at_most = !successor ? twice(displaced) : ready ? std::max(Duration(0), *ready - situation.now) : twice(successor->displaced_ttl);
    out.sentences.push_back(who_takes_over(out));
    if (out.mail_waits_at_most > Duration(0)) {
      out.sentences.push_back("Senders that cached an answer without it refuse it until that answer ends: their mail waits, at most " +
                              danewerk::to_string(out.mail_waits_at_most) + " from when it serves.");
    }
  } else {
    out.sentences.push_back("The key does not serve; no mail waits. Its record leaves the zone at once.");
  }
  if (out.forgeable_until) {
    out.sentences.push_back("Whoever has the key can use it with the answer we signed against senders whose DNS he controls until " +
                            to_rfc3339(*out.forgeable_until) + ", when its signature ends; new senders stop accepting it after the TTL, " +
                            danewerk::to_string(Duration(std::chrono::seconds(displaced.count()))) + ".");
  } else if (key.facts.published_at && !key.facts.withdrawn_at) {
    out.sentences.push_back("Whoever has the key can use it with the answer we signed until its signature ends; when that is, the last look at the "
                            "servers did not show.");
  }
  return out;
}

}  // namespace danewerk::rollover
