// Turns: whose mail is delivered next.
//
// A queue in order of age gives all its places to whoever has most in it: a tenant that sends a million messages, or a
// thousand destinations that are down, stand before everybody else. Here mail waits in lanes, one for each tenant and next
// hop, and places are given out one at a time: to the tenants in turn, and within a tenant to its lanes in turn. Three bounds
// keep places free for who is not there yet, because a place given is not taken back:
//
//   * a hop has as many as its Pace allows;
//   * a tenant has at most eight times what is free, so one alone gets 8/9 of all, two 8/17 each, and a third always finds some;
//   * hops that have not taken mail within the last hour share three quarters of all: what is dead, or unknown, cannot hold up
//     what is alive. Who waits for one of these comes before who has just had one.
//
// Of the mail itself Turns knows nothing but the earliest instant of each lane (Instant values may be too early, never too
// late). So its size is that of the destinations waiting, not of the messages, and each decision costs the same however many
// there are. Not thread safe; needs no clock: the scheduler calls it with the time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/pace/pace.h"
#include "types/queued_message.h"

namespace danewerk::pace {

struct Limits {
  std::size_t concurrent = 500;  ///< deliveries at once; 0: no turn is ever given
  std::size_t per_hop = 20;      ///< of these, to one next hop, whatever its Pace says; at least 1
};

/// So much of a lane is to be claimed.
struct Turn {
  types::Lane lane;
  std::size_t most = 0;
};

/// One next hop, for people.
struct HopFacts {
  types::HopKey hop;
  std::size_t in_delivery = 0;
  PaceFacts pace;
};

class Turns {
 public:
  explicit Turns(Limits limits);
  ~Turns();
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// The lane has mail, due then or later.
  void note(const types::Lane& lane, Instant due);
  /// What may begin now, at most `at_most` deliveries. Each lane named is asked nothing more until claimed() is called for it.
  std::vector<Turn> take(Instant now, std::size_t at_most);
  /// What a turn came to: `got` deliveries begin; the lane's next mail is due at `next`, if it has any.
  void claimed(const types::Lane& lane, std::size_t got, std::optional<Instant> next, Instant now);
  /// One delivery of the lane is over.
  void ended(const types::Lane& lane, Instant now);
  /// A round at the hop has ended; call it before ended().
  void hear(const types::HopKey& hop, const Signal& signal, Instant now);
  /// Set while what is taken for the hop is not to be tried: the fault that ends it.
  std::optional<types::Fault> rests(const types::HopKey& hop, Instant now) const;
  /// A person wants mail tried now: no hop (or not this one) rests any longer.
  void wake_all();
  void wake(const types::HopKey& hop);

  /// When take() may have something although nothing was noted or ended; absent if never. In the past: at once.
  std::optional<Instant> next_wake() const;
  std::size_t active() const noexcept { return active_; }
  /// Of all hops that have anything under way or any history that matters; others have the facts of a fresh Pace.
  std::vector<HopFacts> hops(Instant now) const;
  std::size_t lanes() const noexcept { return lanes_.size(); }

 private:
  struct TenantState;
  struct HopState;
  struct LaneState;
  enum class Verdict : std::uint8_t { taken, tenant_full, lane_passed };

  LaneState& lane_of(const types::Lane& lane);
  void sleep_until(LaneState& lane, Instant due);
  void make_ready(LaneState& lane);
  void park(LaneState& lane, std::optional<Instant> again);
  void unpark(HopState& hop);
  void promote(Instant now);
  Verdict give(TenantState& tenant, Instant now, std::vector<LaneState*>& given);
  void revive_unproven(std::size_t most);
  void lose_kept_place(LaneState& lane);
  void lose_kept_places(TenantState& tenant);
  static std::vector<Turn> turns_of(const std::vector<LaneState*>& given);
  void end_places(LaneState& lane, std::size_t count);
  void forget_if_idle(LaneState& lane, Instant now);
  void keep_or_forget(HopState& hop, Instant now);
  std::size_t most_unproven() const { return limits_.concurrent - limits_.concurrent / 4; }
  bool unproven_have_places() const { return unproven_ < most_unproven(); }
  /// For a lane that has not waited for one: those that have come first.
  bool unproven_have_places_to_spare() const { return unproven_ring_.empty() && unproven_ + revived_ < most_unproven(); }

  Limits limits_;
  std::size_t active_ = 0;
  std::size_t unproven_ = 0;
  std::size_t revived_ = 0;  ///< lanes
  std::unordered_map<std::string, std::unique_ptr<TenantState>> tenants_;
  std::unordered_map<std::string, std::unique_ptr<HopState>> hops_;
  std::map<types::Lane, std::unique_ptr<LaneState>> lanes_;
  std::deque<TenantState*> ring_;  ///< tenants with ready lanes
  std::deque<TenantState*> unproven_ring_;  ///< tenants with lanes that wait for a place among the unproven
  std::set<std::pair<Instant, LaneState*>> asleep_;
  std::set<std::pair<Instant, HopState*>> closed_;  ///< hops whose rate opens again then
  std::set<std::pair<Instant, HopState*>> idle_;    ///< remembered for their Pace only
};

}  // namespace danewerk::pace
