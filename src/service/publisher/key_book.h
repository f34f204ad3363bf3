// KeyBook: the publisher's keys, in memory and in the store, always the same.
//
// Every fact is in the store before anything is done that depends on it: a key before its record is published, "serves"
// before the edge gets it. What the stored KeyFacts do not hold is kept beside them as zone facts:
//
//   displaced/<id>    TTL in seconds of what the key's record displaced      (rollover::displaced_ttl)
//   agreed/<id>       since when all servers have shown the record, or "broken"
//   compromised/<id>  why it was declared so
//   earlier-ttl       a longer TTL the set had, and (at) until when some server may have given it
#pragma once

#include <optional>
#include <vector>

#include "engine/rollover/rollover.h"
#include "io/store/key_store.h"
#include "types/domain_name.h"

namespace danewerk::service {

class KeyBook {
 public:
  KeyBook(io::KeyStore& store, types::DomainName zone) : store_(store), zone_(zone.to_string()) {}

  /// Reads everything. Errors: as the store's; corrupt where a certificate or fact cannot be read, naming it.
  io::Task<Result<void>> load();
  const std::vector<rollover::TrackedKey>& keys() const noexcept { return keys_; }
  const std::optional<rollover::EarlierTtl>& earlier_ttl() const noexcept { return earlier_ttl_; }

  /// A fresh ECDSA P-256 key with a self-issued certificate for `names`. Returns its id.
  io::Task<Result<std::string>> make(std::vector<types::DomainName> names, Duration certificate_life, Ttl displaced, Instant now);
  /// Writes the event down; the first instant counts.
  io::Task<Result<void>> mark(std::string id, types::KeyEvent event, Instant at);
  /// A new certificate, same key.
  io::Task<Result<void>> renew(std::string id, std::vector<types::DomainName> names, Duration certificate_life, Instant now);
  /// Takes the outcome of a look: first sight, agreement reached or broken. Returns the ids now seen everywhere for the first time.
  io::Task<Result<std::vector<std::string>>> note_look(const rollover::ZoneObservation& observation);
  io::Task<Result<void>> note_earlier_ttl(rollover::EarlierTtl earlier);
  io::Task<Result<void>> declare_compromised(std::string id, std::string reason, Instant at);
  /// Forgets a withdrawn key and its facts.
  io::Task<Result<void>> erase(std::string id);
  /// Error: not_found.
  Result<const rollover::TrackedKey*> find(const std::string& id) const;

 private:
  Result<rollover::TrackedKey*> entry(const std::string& id);
  Result<void> take_fact(const io::ZoneFact& fact);

  io::KeyStore& store_;
  std::string zone_;
  std::vector<rollover::TrackedKey> keys_;
  std::optional<rollover::EarlierTtl> earlier_ttl_;
};

}  // namespace danewerk::service
