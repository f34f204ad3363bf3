// AnchorKeeper: makes the resolver hold exactly the negative trust anchors that people want, as long as they want them (RFC 7646).
//
// The resolver forgets them when it restarts and never ends one by itself; people set them with an end and forget. So the keeper
// compares what the store wants with what the resolver holds: at the start, at every change, at every end, and every few seconds.
// An anchor's row leaves the store only after the resolver was seen without it, and every lookup that began before has ended.
// While the resolver does not answer nothing is lost: anchors in force are then simply not, and of ended ones delivery believes no
// unsigned answer (service/delivery, weigh_anchors).
//
// RFC 7646 2 (no validation below the name), 4 (they must end; the operator looks at each), conformance RES-03.
#pragma once

#include <functional>
#include <mutex>

#include "io/dns/unbound_anchors.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/anchor_store.h"

namespace danewerk::service {

/// All of it outlives it.
struct AnchorParts {
  io::AnchorStore& store;
  io::dns::ResolverAnchors& resolver;
  io::Clock& clock;
  io::Log& log;
  std::function<void(const types::DomainName&)> forget;  ///< drops our own cached answers at and below the name
};

class AnchorKeeper {
 public:
  explicit AnchorKeeper(AnchorParts parts) : parts_(std::move(parts)) {}

  io::AnchorStore& store() noexcept { return parts_.store; }
  /// Compares and mends once. Error: that of the resolver or the store; what could be done is done. One at a time: a call during another
  /// waits for nothing and returns `conflict`.
  io::Task<Result<void>> reconcile();
  /// Until cancelled. On the reactor it was made for.
  io::Task<> keep();
  /// What keeps the resolver from holding what it shall; nothing if all is well. Thread safe.
  std::optional<std::string> fault() const;

 private:
  io::Task<Result<void>> mend();
  Duration until_next() const;

  AnchorParts parts_;
  bool mending_ = false;
  mutable std::mutex mutex_;
  std::optional<std::string> fault_;
};

}  // namespace danewerk::service
