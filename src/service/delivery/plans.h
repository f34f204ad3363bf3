// Plans: what was concluded about a destination, for the next message that goes there on the same demands.
//
// To ask the cache of answers a dozen questions and to read RFC 7672 from the beginning for every message costs more than
// all else in a warm delivery but the mail itself. The plan is the conclusion, and it says how long it stands (RES-20). It
// is kept under the next hop and all that the message and its destination demand: a message with REQUIRETLS never finds the
// plan of one without.
//
// Not kept is what rests on a lookup that failed, since such an answer has no life of its own; and nothing for longer than
// a minute, so that what an operator changes elsewhere shows soon. When the resolver disowns its answers (its canary
// failed, names were forgotten) all plans go with them. Equal MX preferences are shuffled afresh for every message
// (RFC 5321 5.1).
//
// One reactor only; bounded, the least recently used goes first.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>

#include "types/delivery_plan.h"
#include "types/destination_facts.h"
#include "types/seed.h"

namespace danewerk::service {

class Plans {
 public:
  explicit Plans(std::size_t most) : most_(most) {}

  struct Kept {
    types::DeliveryPlan plan;
    std::shared_ptr<const types::DestinationFacts> facts;
    Instant until;
  };
  /// `era` is the resolver's now. Valid until the next call.
  const Kept* find(const types::NextHop& next_hop, const types::MessageDemands& demands, std::uint64_t era, Instant now);
  /// `era` is the one find() was last asked with, before the first question.
  void keep(std::shared_ptr<const types::DestinationFacts> facts, const types::DeliveryPlan& plan, std::uint64_t era);
  std::size_t size() const noexcept { return plans_.size(); }

 private:
  using Order = std::list<Kept>;  // the most recently used in front
  using Index = std::unordered_multimap<std::string, Order::iterator>;
  Index::iterator look_up(const types::NextHop& next_hop, const types::MessageDemands& demands);
  void drop(Index::iterator at);
  void begin_era(std::uint64_t era);

  std::size_t most_;
  std::uint64_t era_ = 0;
  Order plans_;
  Index index_;  // by the next hop's text
};

}  // namespace danewerk::service
