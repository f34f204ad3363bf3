// examine(): what a person should know about the rules as they stand, taken together.
//
// Each rule may be sound and the whole still not do what was meant: a rule behind another that covers it never decides,
// one that has expired decides nothing any more, and a tenant's own rule can take back what a rule for all demands. The
// first is refused when rules are made (edit.h); all of them are told when rules are listed.
//
// Only one rule covering another is seen, not several that cover it together.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "types/connector.h"
#include "types/finding.h"

namespace danewerk::connector {

/// One owner's rules as they are passed in their order, to ask of the next whether it can ever decide. Finds by look-up, so
/// that a file of ten thousand rules is checked in milliseconds.
class Passed {
 public:
  explicit Passed(Instant now) : now_(now) {}
  /// The rule passed that covers this one for as long as it lives; nullptr where it can decide. Valid while the rules are.
  const types::Connector* hiding(const types::Connector& rule) const;
  void pass(const types::Connector& rule);

 private:
  Instant now_;
  std::map<types::RecipientPattern, const types::Connector*> longest_;  // of each pattern, the one that lives longest
};

/// True where `rule` demands less than `other` in DANE, MTA-STS or TLS.
bool is_looser(const types::Connector& rule, const types::Connector& other);

/// Codes: connector.unreadable, connector.expired, connector.hidden, connector.loosens. `rules` ordered by owner and place.
std::vector<types::Finding> examine(std::span<const types::StoredConnector> rules, Instant now);

}  // namespace danewerk::connector
