// Rollover: which keys may be served, which records must stand, and what to do next, computed from facts and "now".
//
// A sender that cached our TLSA records an hour ago compares them with the key we serve this second. If the key is not
// among them, mail waits or bounces. So the order is: publish, see it on every authoritative server, wait until no cache
// can hold an older answer, have a certificate for it, serve; and the old record stays until every edge was seen to serve the
// new key. In each line (ECDSA, RSA) one key serves and one is published in advance ("next"), so that after a theft the
// replacement is already in every cache.
//
// The waits (PUB-03, RFC 7671 8.1, RFC 7672 4):
//   before serving      2 x the TTL of what the record displaced, from the instant the last server was seen to have it.
//                       Displaced is the older RRset, or its absence (the negative TTL) where the set is new. Twice,
//                       because some caches start the TTL anew on what they got from another cache.
//   before withdrawing  the propagation time, and then a connection to every edge that finds the new key.
// A server that is later seen without the record, or with bad signatures, breaks the agreement: the wait starts anew at the
// next look that finds all in order. One that cannot be asked does not (a flaky line would hold up every rollover), but
// holds the gate shut until it answers. What happens entirely between two looks is not noticed. No wait is counted from before
// this process began: how long it was away only the wall clock says, and that may be wrong (docs/decisions/0061).
//
// One change at a time (PUB-04): while a record waits to leave, in whichever line, no other key takes over by the calendar.
//
// Nothing is stored but facts: after a crash at any point the same function gives the right next step. A compromised key
// skips the cache wait, never the look (PUB-10): senders with an old answer then wait at most twice its TTL (emergency.h).
// A key whose record stood in the zone and does not any more, while others' do, comes from an older copy of our store: it
// never serves again (docs/decisions/0062).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "engine/rollover/tracked_key.h"

namespace danewerk::rollover {

struct Timing {
  Duration propagation = std::chrono::minutes(5);        ///< from "serve the new key" until edges are probed, and the old record may go
  Duration key_lifetime = std::chrono::days(90);         ///< how long a key serves
  Duration certificate_lead = std::chrono::days(20);     ///< a certificate is renewed so long before it ends
  Duration look_again = std::chrono::seconds(5);         ///< while something we wait for is not there yet
  Duration look_freshness = std::chrono::minutes(1);     ///< a look older than this opens no gate
};

enum class Probing : std::uint8_t { off, required };

/// What the operator wants.
struct Wish {
  std::vector<types::KeyAlgorithm> algorithms{types::KeyAlgorithm::ecdsa_p256};  ///< at most one of each line
  Probing probing = Probing::off;

  std::optional<types::KeyAlgorithm> algorithm_of(types::KeyLine line) const;
};

/// PUB-09: of all keys together, whatever happens.
constexpr std::size_t most_records = 8;

/// All that is decided on. What it refers to must outlive the call.
struct Situation {
  const std::vector<TrackedKey>& keys;
  const ZoneObservation& observation;
  const Timing& timing;
  const Wish& wish;
  /// Ids of the keys that this process has handed to the edge. After a restart none, although facts say which keys served:
  /// they are handed over again as soon as one server shows their records, verified.
  const std::vector<std::string>& serving_here;
  Instant now;
};

enum class Action : std::uint8_t {
  wait,                ///< nothing before `when`
  make_key,            ///< a fresh key of `algorithm` with its certificate, stored before anything else
  publish,             ///< bring the zone to published_records()
  serve,               ///< hand `key` to the edge; the one of its line that served until now is retired
  retire,              ///< take `key` from the edge if it is there, and write down that it no longer serves
  withdraw,            ///< `key`'s record may leave the zone
  supersede,           ///< `key` comes from an older copy of the store: withdrawn, and never served again
  obtain_certificate,  ///< ask the certificate source for `key`, which stays
};
const char* to_string(Action action) noexcept;

/// Whether a wait is what the calendar says, or something is not as it should be.
enum class Cause : std::uint8_t { planned, obstacle };

struct Step {
  Action what = Action::wait;
  std::string key;   ///< its id; empty where the step is about none in particular
  Instant when;      ///< not before; at or before `now` means now
  std::string why;   ///< one sentence for the operator
  Cause cause = Cause::planned;
  types::KeyAlgorithm algorithm = types::KeyAlgorithm::ecdsa_p256;  ///< of the key to make
  friend bool operator==(const Step&, const Step&) = default;
};

/// All that is to be done or waited for, the next first. Never empty.
std::vector<Step> agenda(const Situation& situation);
/// Its first.
Step next_step(const Situation& situation);

}  // namespace danewerk::rollover
