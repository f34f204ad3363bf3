// KeyStore: what the publisher must never forget: key pairs and what happened to them, secrets, facts about zones.
//
// A key's record is a row of facts with instants; phases are computed from it (types/key_facts.h). An instant is set
// once: a second `mark` of the same event keeps the first, because the caches of the world started their TTL then.
// Private keys lie in the database as PEM; the file is readable by its owner only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/store/store.h"
#include "types/key_facts.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// A shared secret, such as a TSIG key (RFC 8945).
struct Secret {
  std::string name;
  std::string algorithm;
  Bytes octets;
  Instant created_at{};
  friend bool operator==(const Secret&, const Secret&) = default;
};

struct ZoneFact {
  std::string name;
  std::string value;
  Instant at{};
  friend bool operator==(const ZoneFact&, const ZoneFact&) = default;
};

/// What becomes of the keys of group `from` that were not withdrawn.
struct KeyHandover {
  enum class How : std::uint8_t {
    copied,   ///< `to` gets a copy of each, with an id of its own; those that may serve are to be replaced for the reason `why`
    renamed,  ///< they are `to`'s from now on; `from` is no more
    noted,    ///< nothing: there are none
  } how = How::noted;
  std::string from;
  std::string to;
  std::vector<ZoneFact> facts;  ///< put in the same commit
  std::string why;
};

/// Thread safe.
class KeyStore {
 public:
  explicit KeyStore(Store& store) : store_(store) {}

  /// Oldest first, withdrawn ones included.
  Task<Result<std::vector<types::KeyFacts>>> keys();
  /// Error: conflict if the id exists.
  Task<Result<void>> add(types::KeyFacts key);
  /// Error: not_found.
  Task<Result<void>> set_certificate(std::string id, std::string certificate_pem);
  /// Sets the instant of `event` unless it is set; returns the one that counts. Error: not_found.
  Task<Result<Instant>> mark(std::string id, types::KeyEvent event, Instant at);
  /// Forgets a key for good, its private half included. Errors: not_found; conflict unless it was withdrawn.
  Task<Result<void>> erase(std::string id);

  Task<Result<std::optional<Secret>>> secret(std::string name);
  /// Replaces one of the same name.
  Task<Result<void>> put_secret(Secret secret);

  Task<Result<std::vector<ZoneFact>>> zone_facts(std::string zone);
  /// Replaces one of the same zone and name.
  Task<Result<void>> put_zone_fact(std::string zone, ZoneFact fact);
  /// The same because a person wanted it: with a row in the ledger, in the same commit.
  Task<Result<void>> put_zone_fact(std::string zone, ZoneFact fact, types::AdminAct act, std::string action, std::string subject);
  Task<Result<void>> erase_zone_fact(std::string zone, std::string name);

  /// Where its callers make keys: an RSA key takes up to seconds, which no reactor has.
  Workers& workers() noexcept { return store_.files(); }
  /// Keys of one group of shards become another's, with what was noted of them; all of it in one commit, with a row in the ledger.
  /// Returns how many keys those are. Error: conflict where the new group has one of that id.
  Task<Result<std::uint32_t>> hand_keys(std::string zone, KeyHandover handover, types::AdminAct act);

 private:
  Store& store_;
};

}  // namespace danewerk::io
