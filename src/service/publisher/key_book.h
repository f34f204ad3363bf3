// KeyBook: the keys of a publisher's group of shards, in memory and in the store, always the same.
//
// Every fact is in the store before anything is done that depends on it: a key before its record is published, "serves"
// before the edge gets it. What the stored KeyFacts do not hold is kept beside them as zone facts:
//
//   displaced/<id>         TTL in seconds of what the key's record displaced      (rollover::displaced_ttl)
//   compromised/<id>       why it was declared so
//   replace/<id>           why somebody wants the next key in its place
//   certificate-from/<id>  the name of the source of its certificate; absent: ours, until the source has answered
//   earlier-ttl            a longer TTL the set had, and (at) until when some server may have given it; a group that is not the
//                          default one has its own, earlier-ttl/<group>, and heeds this one as well
//
// Not kept is since when all servers agree: no wait goes on over a restart (docs/decisions/0061).
#pragma once

#include <optional>
#include <vector>

#include "engine/rollover/rollover.h"
#include "io/store/key_store.h"
#include "service/publisher/certificate_source.h"
#include "types/domain_name.h"

namespace danewerk::service {

class KeyBook {
 public:
  /// `source`: the name of the certificate source in force.
  KeyBook(io::KeyStore& store, types::DomainName zone, std::string group, std::string source)
      : store_(store), zone_(zone.to_string()), group_(std::move(group)), source_(std::move(source)) {}

  /// Reads everything of the group's. Errors: as the store's; corrupt where a certificate or fact cannot be read, naming it.
  io::Task<Result<void>> load(Instant now);
  const std::vector<rollover::TrackedKey>& keys() const noexcept { return keys_; }
  const std::optional<rollover::EarlierTtl>& earlier_ttl() const noexcept { return earlier_ttl_; }

  /// A fresh key with a certificate of our own for `names`. Returns its id.
  io::Task<Result<std::string>> make(types::KeyAlgorithm algorithm, std::vector<types::DomainName> names, Duration certificate_life, Ttl displaced,
                                     Instant now);
  /// Writes the event down; the first instant counts.
  io::Task<Result<void>> mark(std::string id, types::KeyEvent event, Instant at);
  /// A new certificate, same key. `from`: the source's name.
  io::Task<Result<void>> certify(std::string id, std::string chain, std::string from, Instant now);
  /// The source said later, or failed. In memory only: a restart asks again.
  void note_source(const std::string& id, Instant ask_again, std::string why);
  /// Takes the outcome of a look: first sight, agreement reached or broken, longer TTLs. Returns the ids now seen everywhere for the
  /// first time.
  io::Task<Result<std::vector<std::string>>> note_look(const rollover::ZoneObservation& observation, Ttl wanted);
  io::Task<Result<void>> note_earlier_ttl(rollover::EarlierTtl earlier);
  io::Task<Result<void>> declare_compromised(std::string id, types::AdminAct act);
  io::Task<Result<void>> ask_replacement(std::string id, types::AdminAct act);
  /// Forgets a withdrawn key and its facts.
  io::Task<Result<void>> erase(std::string id);
  /// Error: not_found.
  Result<const rollover::TrackedKey*> find(const std::string& id) const;

 private:
  Result<rollover::TrackedKey*> entry(const std::string& id);
  Result<void> take_fact(const io::ZoneFact& fact);
  io::Task<Result<void>> raise_displaced(std::string id, Ttl displaced, Instant at);
  rollover::Certificate kind_from(const std::string& source) const;

  std::string earlier_ttl_name() const { return group_.empty() ? "earlier-ttl" : "earlier-ttl/" + group_; }

  io::KeyStore& store_;
  std::string zone_;
  std::string group_;
  std::string source_;
  std::vector<rollover::TrackedKey> keys_;
  std::optional<rollover::EarlierTtl> earlier_ttl_;
};

}  // namespace danewerk::service
