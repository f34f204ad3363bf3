// Retry: when a deferred message is tried again, and when we tell the sender that it will not be.
//
// A queue that only counts failures gets three things wrong: it bounces mail because *our* resolver was sick over the
// weekend; it waits five days before telling anybody that a destination's TLSA records are broken; or it bounces after a
// day because of one policy failure at the end of an ordinary outage. So the history is kept as facts, each try with the
// kind of fault it met, and all limits are computed from it (design.md 2.4, 9.8):
//
//   * time that passed under a fault of ours is taken off every limit;
//   * the limit for policy failures runs from the first of the latest unbroken run of them, the general limit from
//     acceptance;
//   * the last try is at the limit itself, never silently skipped.
//
// RFC 5321 4.5.4.1 (give up after 4 to 5 days); field.md 1.2 (15, 15 minutes, then hourly, 24 hours).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/instant.h"
#include "types/fault.h"
#include "types/seed.h"

namespace danewerk::retry {

/// Waits after the first, second, ... failure of a run; then `then`, spread by ±`spread_percent`.
struct Course {
  std::vector<Duration> first;
  Duration then;
  int spread_percent = 0;
  Duration limit;

  friend bool operator==(const Course&, const Course&) = default;
};

struct Schedule {
  Course policy;    ///< 15 min, 15 min, then 60 min ±10 %; 24 h
  Course ordinary;  ///< 5 min doubling to 4 h, ±10 % once there; 5 d
  Course ours;      ///< 1 min doubling to 15 min, ±10 % once there; its limit is never reached, nothing is counted

  /// The values above (design.md 9.8).
  static Schedule standard();
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

struct Try {
  Instant at;
  types::FaultKind fault = types::FaultKind::ordinary;
  friend bool operator==(const Try&, const Try&) = default;
};

/// One recipient's life in the queue: when the message was accepted, and every failed round, in order.
struct History {
  Instant accepted;
  std::vector<Try> tries;
  friend bool operator==(const History&, const History&) = default;
};

struct NextTry {
  Instant at;  ///< not before `now`
  friend bool operator==(const NextTry&, const NextTry&) = default;
};

struct GiveUp {
  types::EnhancedCode code;  ///< 5.x.x: the policy failure's own code, or 5.4.300 "message expired"
  std::string sentence;
  friend bool operator==(const GiveUp&, const GiveUp&) = default;
};

/// What follows `fault`, which the round at `history.tries.back()` met (the history holds that try already, with this
/// fault's kind; CHECKed). A permanent fault is given up at once, with its own code. The same seed gives the same spread.
std::variant<NextTry, GiveUp> next(const History& history, const types::Fault& fault, const Schedule& schedule,
                                   Instant now, types::Seed seed);

/// When next() gives `fault` up, if nothing changes: of a history that holds its try already. Nothing where no limit runs.
std::optional<Instant> given_up_at(const History& history, const types::Fault& fault, const Schedule& schedule, Instant now);

/// How much of the time from `since` to `now` counts toward a limit: all but what passed under a fault of ours.
Duration counted(const History& history, Instant since, Instant now);

}  // namespace danewerk::retry
