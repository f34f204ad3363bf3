#include "io/store/claims.h"

namespace danewerk::io {

Claims::Scan::Scan(Claims& claims) : claims_(claims), alone_(claims.one_scan_) {
  const std::lock_guard guard(claims_.mutex_);
  claims_.scanning_ = true;
}

Claims::Scan::~Scan() {
  const std::lock_guard guard(claims_.mutex_);
  claims_.scanning_ = false;
  for (const Key& key : claims_.released_during_scan_) claims_.forget(key);
  claims_.released_during_scan_.clear();
}

bool Claims::Scan::take(const Key& key, std::size_t most_per_hop) {
  const std::lock_guard guard(claims_.mutex_);
  const auto at_hop = claims_.per_hop_.find(key.second);
  if (most_per_hop != 0 && at_hop != claims_.per_hop_.end() && at_hop->second >= most_per_hop) return false;
  if (!claims_.held_.insert(key).second) return false;
  ++claims_.per_hop_[key.second];
  return true;
}

bool Claims::is_held(const Key& key) const {
  const std::lock_guard guard(mutex_);
  return held_.contains(key);
}

void Claims::release(const Key& key) {
  const std::lock_guard guard(mutex_);
  if (scanning_) {
    released_during_scan_.push_back(key);
  } else {
    forget(key);
  }
}

std::size_t Claims::size() const {
  const std::lock_guard guard(mutex_);
  return held_.size();
}

void Claims::forget(const Key& key) {
  if (held_.erase(key) == 0) return;
  const auto at_hop = per_hop_.find(key.second);
  if (--at_hop->second == 0) per_hop_.erase(at_hop);
}

}  // namespace danewerk::io
