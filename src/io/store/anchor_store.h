// AnchorStore: the negative trust anchors people set, until the resolver has forgotten them again.
//
// A row is made before the resolver hears of it and goes only after the resolver has confirmed that it let go: so at any moment,
// also after a crash, every anchor the resolver may hold stands here. What was set and ended stays in the ledger.
#pragma once

#include "io/store/kept.h"
#include "types/negative_anchor.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// Thread safe.
class AnchorStore {
 public:
  using Anchors = std::vector<types::NegativeAnchor>;
  /// Reads everything. Before any task uses the store. Error: corrupt.
  static Result<std::unique_ptr<AnchorStore>> open(Store& store);

  /// Ended ones included, until forget().
  std::shared_ptr<const Anchors> snapshot() const { return kept_.snapshot(); }

  /// `who`, `why` and `since` are taken from the act. Replaces one that has ended. Error: conflict if one is in force.
  Task<Result<void>> add(types::DomainName domain, Instant until, types::AdminAct act);
  /// Sets `ended_at`. Error: not_found, unless one is in force.
  Task<Result<void>> end(types::DomainName domain, types::AdminAct act);
  /// The resolver holds it no more. `act` is written down where it ran out by itself.
  Task<Result<void>> forget(types::NegativeAnchor anchor, types::AdminAct act);

 private:
  explicit AnchorStore(Store& store) : kept_(store) {}
  Kept<types::NegativeAnchor> kept_;
};

}  // namespace danewerk::io
