// Memo: a recipient's history in the queue, as the text the store keeps for the next attempt.
#pragma once

#include <string>

#include "engine/retry/schedule.h"

namespace danewerk::service {

/// One line of JSON: [[milliseconds since 1970, "policy"|"ordinary"|"ours"], ...].
std::string write_memo(const retry::History& history);

/// What write_memo wrote; an empty memo is an empty history. A memo nobody can read counts as none: the message is then
/// tried for longer than it might be, never given up too early.
retry::History read_memo(const std::string& memo, Instant accepted);

}  // namespace danewerk::service
