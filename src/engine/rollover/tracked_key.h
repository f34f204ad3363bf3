// TrackedKey: a key with all that is known about it; and what follows from that: its phase, its record, when it may serve.
//
// Nothing here is a step or a state: each member is something that happened, with its instant, or what a person or a
// certificate source said of it. Phases are computed (docs/decisions/0010).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/rollover/observation.h"
#include "types/key_facts.h"

namespace danewerk::rollover {

enum class Certificate : std::uint8_t {
  interim,   ///< issued by ourselves until the source has answered; served only where nothing else can be
  obtained,  ///< from the certificate source in force
};

enum class Origin : std::uint8_t {
  store,         ///< read from the store, which may be an older copy than the zone
  this_process,  ///< made since: no zone can have left it behind
};

/// A key with what is known about its record beyond the stored facts.
struct TrackedKey {
  types::KeyFacts facts;
  Origin origin = Origin::store;
  Ttl displaced_ttl{0};                     ///< see displaced_ttl()
  std::optional<Instant> agreed_since;      ///< see agreed_since(); nothing: some server lacks the record, or nobody has looked yet
  std::optional<Instant> retired_from;      ///< as facts.retired_at, but never from before this process began: see rollover.h
  std::optional<Instant> compromised_at;
  std::optional<Instant> replace_asked_at;  ///< somebody wants the next key to serve in its place
  std::string replace_why;
  Certificate certificate = Certificate::interim;
  std::optional<Instant> certificate_expires;
  std::optional<Instant> ask_source_at;     ///< the source said later, or failed: not before this
  std::string source_says;                  ///< why not yet; empty where it has said nothing

  types::KeyLine line() const noexcept { return types::line_of(facts.algorithm); }
};

/// Where a key stands, for people; computed.
enum class Phase : std::uint8_t { made, published, seen_everywhere, ready, serving, retired, withdrawn, compromised };
const char* to_string(Phase phase) noexcept;
Phase phase_of(const TrackedKey& key, Instant now);

bool is_live(const TrackedKey& key);      ///< neither retired nor withdrawn
bool is_spent(const TrackedKey& key);     ///< retired, its record still in the zone
bool is_incoming(const TrackedKey& key);  ///< has not served yet, and may

/// The records that must stand in the zone: of all keys not withdrawn. PUB-02.
types::TlsaSet published_records(const std::vector<TrackedKey>& keys);

/// The key of a line that facts say serves: the latest that began and was not retired.
const TrackedKey* serving_key(const std::vector<TrackedKey>& keys, types::KeyLine line);

/// The start of the unbroken agreement of all servers after this look, given the one before it.
std::optional<Instant> agreed_since(const TrackedKey& key, const ZoneObservation& observation);

/// What a record added now displaces: the longest life of any older answer that a cache may hold. `standing` is the TTL of
/// the set in the zone, nothing where there is none; `earlier` a longer TTL the set had until `earlier_until`.
struct EarlierTtl {
  Ttl ttl{0};
  Instant until;
};
Ttl displaced_ttl(std::optional<Ttl> standing, Ttl negative, const std::optional<EarlierTtl>& earlier, Instant now);

/// `before`, and what this look shows: a server that still gives a longer TTL than is wanted now. Nothing once no cache can hold
/// such an answer any more.
std::optional<EarlierTtl> earlier_after(const std::optional<EarlierTtl>& before, const ZoneObservation& observation, Ttl wanted);
/// What the key displaces, after a look at servers that lack it: one that lags may give answers that live longer.
Ttl displaced_after(const TrackedKey& key, const ZoneObservation& observation);

/// The instant from which no cache can contradict the key; nothing while servers do not agree. PUB-03.
std::optional<Instant> ready_at(const TrackedKey& key);

}  // namespace danewerk::rollover
