// Edits: what adding, changing, moving, removing or importing rules does to those that are there.
//
// Each is a pure function from the rules as they stand to a ConnectorEdit, which the store writes in one transaction with
// its ledger rows. The store runs it within that transaction, so two people who edit at once cannot overwrite each other,
// and a dry run is the same function without the writing.
//
// Refused, each with the rule, field and line at fault: a name that is taken, an expiry that has passed (an exception
// that begins dead was meant otherwise), a rule behind another of the same owner that covers it for as long as it lives.
// Places of one owner's rules are renumbered from 1 by every edit. Rules that cannot be read stay where they are until
// they are set anew or removed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/connector/draft.h"
#include "types/queued_message.h"

namespace danewerk::connector {

using Rules = std::vector<types::StoredConnector>;  ///< ordered by owner and place

/// Where a rule goes among its owner's.
struct Position {
  enum class Kind : std::uint8_t { last, first, before, stay } kind = Kind::last;
  std::string id;  ///< for `before`
};

/// Errors: malformed (as read_draft), conflict (the name is taken; it would never decide), not_found (`before`).
Result<types::ConnectorEdit> add(const Rules& rules, const Draft& draft, const Position& at, const types::AdminAct& act);
/// Changes the given fields of one rule; where it cannot be read, whatever is still known of it counts as given. The owner
/// stays. The author is then whoever set it. Errors as add(); not_found.
Result<types::ConnectorEdit> set(const Rules& rules, const std::string& id, const std::vector<Field>& fields, const types::AdminAct& act);
/// Errors: not_found; conflict if a rule would never decide; malformed for one that cannot be read.
Result<types::ConnectorEdit> move(const Rules& rules, const std::string& id, const Position& to, const types::AdminAct& act);
/// Error: not_found.
Result<types::ConnectorEdit> remove(const Rules& rules, const std::string& id);
/// Puts `drafts`, in their order, in the place of all rules, or of one owner's. A rule that is as it was keeps author and
/// creation, and may have expired. Errors as add(); malformed also for a rule of another owner.
Result<types::ConnectorEdit> replace(const Rules& rules, const std::optional<types::ConnectorOwner>& only, const std::vector<Draft>& drafts,
                                     const types::AdminAct& act);

const std::string& id_of(const types::StoredConnector& stored);

}  // namespace danewerk::connector
