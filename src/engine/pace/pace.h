// Pace: how much one next hop may be sent at once, learned from how it takes it.
//
// With a fixed number a destination that is down costs as many timeouts as it has places, a small one is overrun, and a large
// one waits for us. So the number adapts (the shape is that of RFC 5681, as in Postfix):
//
//   * begins at `start`; each delivery made while all places were in use adds one; after the first trouble, one a round trip
//     of all places;
//   * halves with every round that got no connection, and with a complaint (421, 4.7.x), once for all that was under way;
//   * a complaint that names connections or a rate leaves a learned bound: one connection less than were open; nine tenths of
//     what was delivered in the minute before. It grows by half every ten minutes without a complaint and is forgotten after
//     an hour;
//   * after three rounds without a connection in a row the hop *rests*, for 1, 2, 4 ... 10 minutes. Mail that is due meanwhile
//     is not kept waiting unexplained and not timed out one by one: its round ends at once with the fault last met, so that it
//     goes by its own schedule and to its own limit. When the rest is over, one delivery tries.
//
// Invariant: never starves. There is a place as soon as nothing is under way, now or at a stated instant.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/instant.h"
#include "engine/pace/signal.h"

namespace danewerk::pace {

constexpr std::size_t start_places = 5;
constexpr std::size_t failures_until_rest = 3;
constexpr Duration first_rest = std::chrono::minutes(1);
constexpr Duration longest_rest = std::chrono::minutes(10);
constexpr Duration proven_for = std::chrono::hours(1);
constexpr Duration learned_grows_every = std::chrono::minutes(10);
constexpr Duration learned_forgotten_after = std::chrono::hours(1);

/// What may begin now.
struct Room {
  std::size_t places = 0;
  std::optional<Instant> again;  ///< with no places: when there are some even if nothing ends
  bool rests = false;            ///< what is taken is not to be tried: rest_fault() ends it
};

struct LastFailure {
  Instant at{};
  types::Fault fault;
};

/// For people: what is allowed now, and why.
struct PaceFacts {
  std::size_t allowed = 0;
  std::string why;
  std::optional<std::size_t> learned_connections;
  std::optional<std::size_t> learned_per_minute;
  std::optional<Instant> rests_until;
  std::optional<LastFailure> last_failure;
};

class Pace {
 public:
  /// Never more than `most` places, `most` > 0.
  explicit Pace(std::size_t most);

  Room room(Instant now, std::size_t in_delivery) const;
  /// A delivery begins.
  void began(Instant now) { last_start_ = now; }
  /// A round has ended; `in_delivery` counts it still.
  void hear(const Signal& signal, Instant now, std::size_t in_delivery);
  /// A person wants it tried now: the rest is over. What was learned stays.
  void wake();

  /// It took mail within the last hour, and gave connections since.
  bool is_proven(Instant now) const { return last_success_ && now - *last_success_ < proven_for && failures_ == 0; }
  /// Nothing would be lost by forgetting it.
  bool is_unremarkable(Instant now) const;
  /// The fault that ends rounds while it rests.
  types::Fault rest_fault() const;
  PaceFacts facts(Instant now) const;

 private:
  struct Learned {
    std::size_t limit;
    Instant at;
    std::string words;
  };
  void shrink(Instant now);
  void hear_no_connection(const Signal& signal, Instant now);
  void hear_complaint(const Signal& signal, Instant now, std::size_t in_delivery);
  static std::optional<std::size_t> in_force(const std::optional<Learned>& learned, Instant now);
  std::size_t allowed(Instant now) const;
  std::size_t delivered_last_minute(Instant now) const;
  void count_delivered(Instant now);
  std::string reason(Instant now) const;

  std::size_t most_;
  double window_;
  bool cautious_ = false;  ///< after the first trouble: grow slowly
  std::size_t failures_ = 0;  ///< rounds without a connection in a row
  std::size_t rests_ = 0;
  std::optional<Instant> rest_until_;
  Instant last_shrink_{};
  std::optional<Instant> last_start_;
  std::optional<Instant> last_success_;
  std::optional<LastFailure> last_failure_;
  std::optional<Learned> connections_;
  std::optional<Learned> per_minute_;
  struct Slot {
    std::int64_t tenth_minute = 0;
    std::size_t delivered = 0;
  };
  std::array<Slot, 10> slots_{};
};

}  // namespace danewerk::pace
