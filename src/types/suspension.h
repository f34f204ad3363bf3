// Suspension: a tenant that may not send for now, or not receive either.
//
// A hoster stops a customer who does not pay or whose account was stolen. What is then in our custody stays there: queued mail
// of the tenant's submissions waits and does not grow old; nothing is returned or dropped. New submissions are refused with a
// temporary code, so that the customer's own queue keeps them, unless the operator wants them gone.
#pragma once

#include <cstdint>
#include <string>

#include "base/instant.h"

namespace danewerk::types {

struct Suspension {
  enum class NewMail : std::uint8_t {
    later,   ///< 450 4.7.1: the sender keeps it and comes back
    refuse,  ///< 550 5.7.1
  };
  enum class Inbound : std::uint8_t { continues, stopped };

  NewMail new_mail = NewMail::later;
  Inbound inbound = Inbound::continues;
  Instant at{};
  std::string who;
  std::string why;
  friend bool operator==(const Suspension&, const Suspension&) = default;
};

}  // namespace danewerk::types
