// Outcome: what has become of one recipient of one message, with what it rests on.
//
// RFC 5321 4.2.5 leaves a client three ends: taken over, not yet, never. `deferred` says nothing about when to try
// again, or whether: engine/retry decides that from the fault's kind and the message's history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "types/attempt.h"
#include "types/fault.h"

namespace danewerk::types {

enum class Disposition : std::uint8_t { delivered, deferred, failed };

/// How sure we may be of who took the mail. Ordered: a larger value says more. MX-07: an authenticated host that an
/// insecure MX named is never reported as the next hop.
enum class Assurance : std::uint8_t {
  cleartext,               ///< anybody on the path could read it
  encrypted,               ///< TLS with whoever answered
  host_authenticated,      ///< the host is who the MX named; the MX itself is not authenticated
  next_hop_authenticated,  ///< the host is who the destination, securely, names
};

struct Outcome {
  RecipientIndex recipient{};
  Disposition disposition = Disposition::deferred;
  EnhancedCode code;                       ///< 2.x.x delivered, 4.x.x deferred, 5.x.x failed
  std::string sentence;                    ///< one line for people
  std::optional<Fault> fault;              ///< unless delivered
  std::optional<std::size_t> attempt;      ///< the attempt that decided, in the list judged
  std::optional<Reply> reply;              ///< the peer's words, where they decided
  std::optional<Assurance> assurance;      ///< of delivered mail
  Instant decided;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

const char* to_string(Disposition disposition) noexcept;
const char* to_string(Assurance assurance) noexcept;

}  // namespace danewerk::types
