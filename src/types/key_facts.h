// KeyFacts: one key pair that serves (or served, or will serve) TLS, and what has happened to it so far.
//
// A rollover must survive a crash at any moment, and must never serve a key that some cache cannot verify. So nothing
// here says "current", "next" or "step 3": each member is an instant at which something was true, set once and never
// changed. Which key to serve and what to do next is computed from them and "now" by engine/rollover.
// RFC 7671 8.1, 8.4 (publish first, wait out the TTL, then serve).
#pragma once

#include <optional>
#include <string>

#include "base/instant.h"
#include "types/key_algorithm.h"
#include "types/tlsa_record.h"

namespace danewerk::types {

struct KeyFacts {
  std::string id;           ///< ours, e.g. "2026-11-23-ecdsa-1"; unique for ever
  KeyAlgorithm algorithm = KeyAlgorithm::ecdsa_p256;
  std::string private_key;  ///< PEM; never leaves the machine
  std::string certificate;  ///< PEM chain, leaf first; empty until there is one
  TlsaRecord tlsa;          ///< the record that matches the key
  Instant created_at{};
  std::optional<Instant> published_at;         ///< the record was accepted by the primary
  std::optional<Instant> seen_everywhere_at;   ///< read back from every authoritative server
  std::optional<Instant> serving_since;        ///< first handshake that could have used it
  std::optional<Instant> retired_at;           ///< no new handshake uses it
  std::optional<Instant> withdrawn_at;         ///< the record left the zone
  std::string group{};                         ///< of shards, whose key it is (zone.key_groups); empty: the default group
  friend bool operator==(const KeyFacts&, const KeyFacts&) = default;
};

/// The things that happen to a key, one for each instant above.
enum class KeyEvent : std::uint8_t { published, seen_everywhere, serving, retired, withdrawn };

}  // namespace danewerk::types
