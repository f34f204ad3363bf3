// Rollover: which key may be served, which records must stand, and what to do next, computed from facts and "now".
//
// A sender that cached our TLSA records an hour ago compares them with the key we serve this second. If the key is not
// among them, mail waits or bounces. So the order is: publish, see it on every authoritative server, wait until no cache
// can hold an older answer, serve; and the old record stays until nobody serves the old key. One key serves, one is
// published in advance ("next"), so that after a theft the replacement is already in every cache.
//
// The waits (PUB-03, RFC 7671 8.1, RFC 7672 4):
//   before serving      2 x the TTL of what the record displaced, from the instant the last server was seen to have it.
//                       Displaced is the older RRset, or its absence (the negative TTL) where the set is new. Twice,
//                       because some caches start the TTL anew on what they got from another cache.
//   before withdrawing  the propagation time: how long after the switch some edge may still serve the old key.
// A server that is later seen without the record, or with bad signatures, breaks the agreement: the wait starts anew at the
// next look that finds all in order. One that cannot be asked does not (a flaky line would hold up every rollover), but
// holds the gate shut until it answers. What happens entirely between two looks is not noticed.
//
// Nothing is stored but facts: after a crash at any point the same function gives the right next step. A compromised key
// skips the cache wait, never the look (PUB-10): senders with an old answer then wait at most twice its TTL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "types/key_facts.h"
#include "types/tlsa_record.h"

namespace danewerk::rollover {

struct Timing {
  Duration propagation = std::chrono::minutes(5);        ///< from "serve the new key" until no edge serves the old one
  Duration key_lifetime = std::chrono::days(90);         ///< how long a key serves
  Duration certificate_lead = std::chrono::days(20);     ///< a certificate is renewed so long before it ends
  Duration look_again = std::chrono::seconds(5);         ///< while something we wait for is not there yet
  Duration look_freshness = std::chrono::minutes(1);     ///< a look older than this opens no gate
};

/// A key with what is known about its record beyond the stored facts.
struct TrackedKey {
  types::KeyFacts facts;
  Ttl displaced_ttl{0};                     ///< see displaced_ttl()
  std::optional<Instant> agreed_since;      ///< see agreed_since(); nothing: some server lacks the record
  std::optional<Instant> compromised_at;
  std::optional<Instant> certificate_expires;
};

enum class Sight : std::uint8_t {
  verified,     ///< answered, and its signatures fit our zone's keys
  unverified,   ///< answered, but unsigned, wrongly signed or out of date: not to be relied on
  unreachable,  ///< no answer we could use
};
const char* to_string(Sight sight) noexcept;

/// What one authoritative server answered. `records` are those found in the set of every shard.
struct ServerSight {
  std::string server;
  Sight sight = Sight::unreachable;
  types::TlsaSet records;
  std::string detail;  ///< for people: serial and signature life, or what is wrong
};

/// What a validating resolver without a cached answer made of our records.
enum class Validation : std::uint8_t { not_asked, secure, insecure, failed };
const char* to_string(Validation validation) noexcept;

struct ZoneObservation {
  enum class Primary : std::uint8_t { unknown, as_desired, differs };
  Instant at;  ///< when the last server had answered
  Primary primary = Primary::unknown;
  std::vector<ServerSight> servers;
  Validation validation = Validation::not_asked;
  types::TlsaSet validated;  ///< the records it returned, where secure
  std::string validation_detail;
};

enum class Action : std::uint8_t {
  wait,               ///< nothing before `when`
  make_key,           ///< a fresh key with its certificate, stored before anything else
  publish,            ///< bring the zone to published_records()
  serve,              ///< hand `key` to the edge; the one that served until now is retired
  retire,             ///< write down what a crash left unwritten: `key` no longer serves
  withdraw,           ///< `key`'s record may leave the zone
  renew_certificate,  ///< a new certificate for `key`, same key
};
const char* to_string(Action action) noexcept;

struct Step {
  Action what = Action::wait;
  std::string key;   ///< its id; empty where the step is about none in particular
  Instant when;      ///< not before; at or before `now` means now
  std::string why;   ///< one sentence for the operator
  friend bool operator==(const Step&, const Step&) = default;
};

/// The one thing to do next. `serving_now` is the key this process has handed to the edge, if any: after a restart none,
/// although facts say which key served; it is handed over again as soon as one server shows its record, verified.
Step next_step(const std::vector<TrackedKey>& keys, const ZoneObservation& observation, const Timing& timing,
               std::optional<std::string_view> serving_now, Instant now);

/// The records that must stand in the zone: of all keys not withdrawn. PUB-02.
types::TlsaSet published_records(const std::vector<TrackedKey>& keys);

/// The key that facts say serves: the latest that began and was not retired.
const TrackedKey* serving_key(const std::vector<TrackedKey>& keys);

/// True where every server shows the record, verified, and there is at least one.
bool seen_everywhere(const types::TlsaRecord& record, const ZoneObservation& observation);
bool seen_somewhere(const types::TlsaRecord& record, const ZoneObservation& observation);

/// The start of the unbroken agreement of all servers after this look, given the one before it.
std::optional<Instant> agreed_since(const TrackedKey& key, const ZoneObservation& observation);

/// What a record added now displaces: the longest life of any older answer that a cache may hold. `standing` is the TTL of
/// the set in the zone, nothing where there is none; `earlier` a longer TTL the set had until `earlier_until`.
struct EarlierTtl {
  Ttl ttl{0};
  Instant until;
};
Ttl displaced_ttl(std::optional<Ttl> standing, Ttl negative, const std::optional<EarlierTtl>& earlier, Instant now);

/// The instant from which no cache can contradict the key; nothing while servers do not agree. PUB-03.
std::optional<Instant> ready_at(const TrackedKey& key);

}  // namespace danewerk::rollover
