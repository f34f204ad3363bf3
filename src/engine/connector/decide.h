// decide(): which of the operator's rules holds for one tenant's mail to one domain, now.
//
// Rules exist to make exceptions, and an exception that outlives its reason, or a strict rule that is silently passed
// over, is how mail comes to travel in clear. So there is one place that says which rule decides, and it is asked at each
// delivery, not when the message is accepted: a change applies to mail that waits, and a rule's end needs nobody to act.
//
//   the tenant's own rules in their order, then those for all in theirs; the first match decides, alone
//   a rule that has expired never matches, and says nothing any more: what held without it holds again
//   a stored rule that cannot be read and may have matched, before any rule that does: the mail waits (4.3.5, ours)
//
// The tenant's own mailbox routes are no business of rules; the caller asks only for mail that leaves us.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "types/connector.h"
#include "types/finding.h"

namespace danewerk::connector {

/// Points into the rules it was made from.
struct Decision {
  const types::Connector* rule = nullptr;          ///< the rule that decides
  const types::BrokenConnector* broken = nullptr;  ///< or the one that keeps us from telling; never both
  std::vector<const types::Connector*> expired;    ///< rules that would have decided, had they not expired
};

/// `adrift`: rules of which not even the owner can be read; `own`: the tenant's; `for_all`: everybody's. Each in its order.
Decision decide(std::span<const types::StoredConnector> adrift, std::span<const types::StoredConnector> own,
                std::span<const types::StoredConnector> for_all, const types::MailDomain& domain, Instant now);

/// What a decision demands. Without a rule all is default. A broken rule is a fault of ours: it waits, and never counts
/// toward a message's limit.
types::DeliveryTerms terms_of(const Decision& decision);

/// What explain tells beside the decision: rules that no longer count since they expired, and the broken one.
std::vector<types::Finding> findings_of(const Decision& decision);

}  // namespace danewerk::connector
