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

bool Claims::take(const Key& key, const types::TenantId& tenant) {
  const std::lock_guard guard(mutex_);
  return held_.emplace(key, tenant).second;
}

bool Claims::is_held(const Key& key) const {
  const std::lock_guard guard(mutex_);
  return held_.contains(key);
}

void Claims::release(const Key& key, std::optional<Instant> next) {
  const std::lock_guard guard(mutex_);
  const auto held = held_.find(key);
  if (held == held_.end()) return;
  if (next) note_locked({held->second, types::HopKey{key.second}}, *next);
  if (scanning_) {
    released_during_scan_.push_back(key);
  } else {
    held_.erase(held);
  }
}

std::size_t Claims::size() const {
  const std::lock_guard guard(mutex_);
  return held_.size();
}

void Claims::note(const types::Lane& lane, Instant due) {
  const std::lock_guard guard(mutex_);
  note_locked(lane, due);
}

void Claims::note_locked(types::Lane lane, Instant due) {
  const auto [at, fresh] = notes_.emplace(std::move(lane), due);
  if (!fresh && due < at->second) at->second = due;
}

std::map<types::Lane, Instant> Claims::take_notes() {
  const std::lock_guard guard(mutex_);
  return std::exchange(notes_, {});
}

void Claims::forget(const Key& key) { held_.erase(key); }

}  // namespace danewerk::io
