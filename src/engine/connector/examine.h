// examine(): what a person should know about the rules as they stand, taken together.
//
// Each rule may be sound and the whole still not do what was meant: a rule behind another that covers it never decides,
// one that has expired decides nothing any more, and a tenant's own rule can take back what a rule for all demands. The
// first is refused when rules are made (edit.h); all of them are told when rules are listed.
//
// Only one rule covering another is seen, not several that cover it together.
#pragma once

#include <span>
#include <vector>

#include "types/connector.h"
#include "types/finding.h"

namespace danewerk::connector {

/// True where `rule`, standing behind `before` among one owner's rules, can never decide from `now` on.
bool is_hidden_by(const types::Connector& rule, const types::Connector& before, Instant now);

/// True where `rule` demands less than `other` in DANE, MTA-STS or TLS.
bool is_looser(const types::Connector& rule, const types::Connector& other);

/// Codes: connector.unreadable, connector.expired, connector.hidden, connector.loosens. `rules` ordered by owner and place.
std::vector<types::Finding> examine(std::span<const types::StoredConnector> rules, Instant now);

}  // namespace danewerk::connector
