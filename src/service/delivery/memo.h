// Memo: a recipient's history in the queue, as the text the store keeps for the next attempt.
#pragma once

#include <optional>
#include <string>

#include "engine/retry/schedule.h"

namespace danewerk::service {

struct Memo {
  retry::History history;
  std::optional<Instant> delay_told;  ///< when the sender was told that it takes long: once is enough (RFC 3461 5.2.5)
};

/// One line of JSON: [[milliseconds since 1970, "policy"|"ordinary"|"ours"], ..., ["delay_told", milliseconds]].
std::string write_memo(const Memo& memo);

/// What write_memo wrote; an empty memo is an empty history. A memo nobody can read counts as none: the message is then
/// tried for longer than it might be, never given up too early.
Memo read_memo(const std::string& memo, Instant accepted);

}  // namespace danewerk::service
