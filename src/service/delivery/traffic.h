// Traffic: what a recorded attempt says to a simulation of stricter rules, read back from its evidence.
//
// The one reader of evidence in this program, and it decides nothing about mail: engine/connector/simulate holds what it
// returns against demands. What the record does not tell (an older version's, or one written with a check switched off) is
// `not_looked`, never a guess.
#pragma once

#include <optional>
#include <string_view>

#include "engine/connector/simulate.h"

namespace danewerk::service {

/// Nothing where the attempt took over mail for nobody, or the text is no evidence of an attempt.
std::optional<connector::Carriage> carriage_of(std::string_view hop_key, std::string_view evidence);

}  // namespace danewerk::service
