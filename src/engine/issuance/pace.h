// When a CA may be asked again for a set of names.
//
// CAs count: orders a week for the same names, failures an hour. Who asks again every minute while a record is wrong is shut out
// for a week, and then has no certificate when it matters. So every order is a fact with its instants, kept over restarts, and the
// next is computed: one at a time for a set of names; after a failure 10 minutes, doubling to a day, spread by a fifth so that a
// thousand installations do not ask in the same second; never before the CA's own Retry-After; never more than so many in any week.
//
// RFC 8555 6.6 (rateLimited, Retry-After), 8.2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"

namespace danewerk::issuance {

struct OrderFact {
  Instant began_at{};
  std::optional<Instant> ended_at;     ///< nothing: it runs, or a crash cut it off
  std::string failure;                 ///< the CA's words; empty where a certificate came
  std::optional<Instant> not_before;   ///< the CA said: not again before
  friend bool operator==(const OrderFact&, const OrderFact&) = default;
};

struct Limits {
  std::uint32_t most_a_week = 5;                               ///< for one set of names
  Duration first_wait = std::chrono::minutes(10);              ///< after a failure; doubles
  Duration longest_wait = std::chrono::hours(24);
  Duration longest_order = std::chrono::minutes(15);           ///< an order without an end that is older was cut off
};

struct NextOrder {
  Instant when;     ///< at or before `now`: now
  std::string why;  ///< one sentence for the operator
};

/// `orders` of this set of names, oldest first. `spread` in [0, 1): a fixed fraction for this installation and set.
NextOrder next_order(const std::vector<OrderFact>& orders, const Limits& limits, double spread, Instant now);

/// When a certificate is asked for anew: with a third of its life left, at most 30 days before its end.
Instant renewal_of(Instant not_before, Instant not_after);

}  // namespace danewerk::issuance
