#include "app/control/own_faults.h"

namespace danewerk::app {
namespace {

constexpr Duration stands_for = std::chrono::minutes(30);  // twice the longest wait of what failed for us (retry::Schedule)

}  // namespace

void OwnFaults::note(const std::string& hop, const std::optional<types::Fault>& fault, Instant now) {
  if (!fault || fault->kind != types::FaultKind::ours) return;
  if (fault->evidence && fault->evidence->error) return;  // a lookup: the resolver is watched by itself
  const std::lock_guard guard(mutex_);
  last_ = Last{hop, *fault, now};
}

std::optional<std::string> OwnFaults::standing(Instant now) const {
  const std::lock_guard guard(mutex_);
  if (!last_ || now - last_->at >= stands_for) return std::nullopt;
  return "Mail waits for a fault on our own side, and will wait until it is repaired; last, to " + last_->hop + ": " + last_->fault.code.to_string() + " " +
         last_->fault.sentence;
}

}  // namespace danewerk::app
