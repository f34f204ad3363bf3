#include "io/store/bodies_ahead.h"

namespace danewerk::io {

void BodiesAhead::put(types::QueueId id, Body body) {
  const std::lock_guard guard(mutex_);
  const std::size_t size = body.size();
  if (size > largest || !bodies_.try_emplace(id.number(), std::move(body)).second) return;
  order_.push_back(id.number());
  octets_ += size;
  // What was taken is passed over once it is the oldest.
  while (!order_.empty() && (octets_ > most_octets_ || order_.size() > most_entries || !bodies_.contains(order_.front()))) {
    if (const auto oldest = bodies_.find(order_.front()); oldest != bodies_.end()) {
      octets_ -= oldest->second.size();
      bodies_.erase(oldest);
    }
    order_.pop_front();
  }
}

std::optional<BodiesAhead::Body> BodiesAhead::take(types::QueueId id) {
  const std::lock_guard guard(mutex_);
  const auto found = bodies_.find(id.number());
  if (found == bodies_.end()) return std::nullopt;
  Body body = std::move(found->second);
  bodies_.erase(found);
  octets_ -= body.size();
  return body;
}

std::size_t BodiesAhead::octets() const {
  const std::lock_guard guard(mutex_);
  return octets_;
}

}  // namespace danewerk::io
