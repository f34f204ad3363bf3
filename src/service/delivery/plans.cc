#include "service/delivery/plans.h"

#include <algorithm>

namespace danewerk::service {
namespace {

constexpr Duration longest = std::chrono::minutes(1);

/// When the first of all answers runs out, and not only of those the plan mentions; the past if one failed.
Instant first_to_end(const types::DestinationFacts& facts, Instant until) {
  for (const auto& [question, lookup] : facts.lookups) {
    if (!lookup) return Instant::min();
    until = std::min(until, lookup->asked + std::chrono::seconds(lookup->ttl.count()));
  }
  return until;
}

}  // namespace

void Plans::begin_era(std::uint64_t era) {
  if (era == era_) return;
  era_ = era;
  index_.clear();
  plans_.clear();
}

Plans::Index::iterator Plans::look_up(const types::NextHop& next_hop, const types::MessageDemands& demands) {
  const auto [begin, end] = index_.equal_range(next_hop.to_string());
  const auto found = std::find_if(begin, end, [&](const auto& entry) {
    return entry.second->plan.next_hop == next_hop && entry.second->plan.demands == demands;
  });
  return found == end ? index_.end() : found;
}

void Plans::drop(Index::iterator at) {
  plans_.erase(at->second);
  index_.erase(at);
}

const Plans::Kept* Plans::find(const types::NextHop& next_hop, const types::MessageDemands& demands, std::uint64_t era, Instant now) {
  begin_era(era);
  const auto found = look_up(next_hop, demands);
  if (found == index_.end()) return nullptr;
  if (found->second->until <= now) {
    drop(found);
    return nullptr;
  }
  plans_.splice(plans_.begin(), plans_, found->second);
  return &*found->second;
}

void Plans::keep(std::shared_ptr<const types::DestinationFacts> facts, const types::DeliveryPlan& plan, std::uint64_t era) {
  if (era != era_) return;  // disowned while it was being made
  const Instant until = first_to_end(*facts, std::min(plan.valid_until, plan.made + longest));
  if (most_ == 0 || until <= plan.made || plan.hops.empty()) return;
  if (const auto old = look_up(plan.next_hop, plan.demands); old != index_.end()) drop(old);
  if (plans_.size() >= most_) drop(look_up(plans_.back().plan.next_hop, plans_.back().plan.demands));
  plans_.push_front({plan, std::move(facts), until});
  index_.emplace(plan.next_hop.to_string(), plans_.begin());
}

}  // namespace danewerk::service
