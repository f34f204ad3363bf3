// The driver of the tests: asks what missing_questions() wants from a written world, round by round, as delivery does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "types/destination_facts.h"
#include "types/rules.h"

namespace danewerk::scenarios {

struct Gathered {
  types::DestinationFacts facts;
  std::vector<std::vector<types::DnsQuestion>> rounds;
  std::optional<types::DnsQuestion> unanswerable;  ///< a question the world does not hold: nothing may ask it
  bool endless = false;                            ///< stopped after far more rounds than the procedure has
};

/// `world.lookups` is what the world would answer. Questions of one round are asked all at once.
Gathered gather(const types::DestinationFacts& world, const types::Rules& rules, types::DaneMode mode);

/// "example.com MX | mx.example.com A"
std::string to_string(const std::vector<types::DnsQuestion>& round);

}  // namespace danewerk::scenarios
