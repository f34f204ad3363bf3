#include "engine/issuance/pace.h"

#include <algorithm>

namespace danewerk::issuance {
namespace {

constexpr Duration week = std::chrono::hours(7 * 24);
constexpr Duration most_lead = std::chrono::hours(30 * 24);

bool failed(const OrderFact& order, const Limits& limits, Instant now) {
  if (order.ended_at) return !order.failure.empty();
  return order.began_at + limits.longest_order <= now;
}

}  // namespace

NextOrder next_order(const std::vector<OrderFact>& orders, const Limits& limits, double spread, Instant now) {
  if (orders.empty()) return {now, "nothing was ordered yet"};
  const OrderFact& last = orders.back();
  if (!last.ended_at && last.began_at + limits.longest_order > now) {
    return {last.began_at + limits.longest_order, "an order runs since " + to_rfc3339(last.began_at)};
  }
  NextOrder next{now, "the last order has ended"};
  std::size_t failures = 0;
  for (auto order = orders.rbegin(); order != orders.rend() && failed(*order, limits, now); ++order) ++failures;
  if (failures > 0) {
    Duration wait = limits.first_wait;
    for (std::size_t i = 1; i < failures && wait < limits.longest_wait; ++i) wait *= 2;
    wait = std::min(wait, limits.longest_wait);
    wait += std::chrono::floor<Duration>(wait * (spread / 5));
    const Instant after = last.ended_at.value_or(last.began_at + limits.longest_order) + wait;
    if (after > next.when) next = {after, std::to_string(failures) + (failures == 1 ? " order failed" : " orders failed one after the other")};
  }
  if (last.not_before && *last.not_before > next.when) next = {*last.not_before, "the CA said not to ask again before"};
  const auto in_week = static_cast<std::size_t>(std::count_if(orders.begin(), orders.end(), [&](const OrderFact& o) { return o.began_at + week > now; }));
  if (in_week >= limits.most_a_week && limits.most_a_week > 0) {
    const Instant after = orders[orders.size() - limits.most_a_week].began_at + week;
    if (after > next.when) next = {after, std::to_string(in_week) + " orders for these names within a week (acme.orders_per_week)"};
  }
  return next;
}

Instant renewal_of(Instant not_before, Instant not_after) {
  const Duration life = std::chrono::floor<Duration>(not_after - not_before);
  return not_after - std::clamp<Duration>(life / 3, Duration{0}, most_lead);
}

}  // namespace danewerk::issuance
