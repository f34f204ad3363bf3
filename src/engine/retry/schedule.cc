#include "engine/retry/schedule.h"

#include <algorithm>
#include <optional>

namespace danewerk::retry {
using namespace types;
using namespace std::chrono_literals;

namespace {

std::vector<Duration> doubling(Duration from, Duration to) {
  std::vector<Duration> steps;
  for (Duration step = from; step < to; step *= 2) steps.push_back(step);
  return steps;
}

const Course& course_of(const Schedule& schedule, FaultKind kind) {
  switch (kind) {
    case FaultKind::policy: return schedule.policy;
    case FaultKind::ours: return schedule.ours;
    case FaultKind::ordinary: break;
  }
  return schedule.ordinary;
}

/// The latest run of tries that met `kind`; a fault of ours in between does not break a run of another kind.
struct Run {
  std::size_t length = 0;
  Instant began;
};

Run latest_run(const History& history, FaultKind kind) {
  Run run;
  for (auto it = history.tries.rbegin(); it != history.tries.rend(); ++it) {
    if (it->fault == kind) {
      ++run.length;
      run.began = it->at;
    } else if (it->fault != FaultKind::ours) {
      break;
    }
  }
  return run;
}

Duration wait_after(const Course& course, std::size_t failures, Chance chance) {
  if (failures <= course.first.size()) return course.first[failures - 1];
  const Duration spread = course.then * course.spread_percent / 100;
  if (spread <= 0ms) return course.then;
  return course.then - spread + Duration(chance.below(static_cast<std::uint64_t>((2 * spread).count()) + 1));
}

/// The wait, cut short where the record that broke the round runs out before it is over.
Duration with_recheck(Duration wait, const Course& course, std::size_t failures, const Fault& fault, Instant now) {
  if (!fault.recheck_at) return wait;
  const Duration least = failures <= course.first.size() ? least_recheck : std::max(least_recheck, wait / 4);
  return std::min(wait, std::max(least, *fault.recheck_at - now));
}

/// What is left of a limit that runs from `since`.
Duration left(const History& history, Instant since, Duration limit, Instant now) {
  return limit - counted(history, since, now);
}

/// What is left of the limits `fault` is under; not for a fault of ours.
Duration remaining_of(const History& history, const Fault& fault, const Schedule& schedule, Instant now) {
  const Duration whole = left(history, history.accepted, schedule.ordinary.limit, now);
  if (fault.kind != FaultKind::policy) return whole;
  return std::min(whole, left(history, latest_run(history, fault.kind).began, schedule.policy.limit, now));
}

}  // namespace

Schedule Schedule::standard() {
  return {
      .policy = {{15min, 15min}, 60min, 10, 24h},
      .ordinary = {doubling(5min, 4h), 4h, 10, 5 * 24h},
      .ours = {doubling(1min, 15min), 15min, 10, Duration::max()},
  };
}

Duration counted(const History& history, Instant since, Instant now) {
  Duration total = std::max(now - since, Duration{0});
  for (std::size_t i = 0; i < history.tries.size(); ++i) {
    if (history.tries[i].fault != FaultKind::ours) continue;
    const Instant until = i + 1 < history.tries.size() ? history.tries[i + 1].at : now;
    total -= std::max(std::min(until, now) - std::max(history.tries[i].at, since), Duration{0});
  }
  return total;
}

std::optional<Instant> given_up_at(const History& history, const Fault& fault, const Schedule& schedule, Instant now) {
  if (fault.kind == FaultKind::ours) return std::nullopt;
  return now + std::max(Duration{0}, remaining_of(history, fault, schedule, now));
}

// SMTP-05
std::variant<NextTry, GiveUp> next(const History& history, const Fault& fault, const Schedule& schedule, Instant now,
                                   Seed seed) {
  CHECK(!history.tries.empty() && history.tries.back().fault == fault.kind);
  if (fault.lasting == Lasting::permanent) return GiveUp{fault.code.permanent(), fault.sentence};

  const Run run = latest_run(history, fault.kind);
  const Course& course = course_of(schedule, fault.kind);
  const Duration full_wait = wait_after(course, run.length, Chance(seed));
  if (fault.kind == FaultKind::ours) return NextTry{now + full_wait};
  const Duration wait = with_recheck(full_wait, course, run.length, fault, now);

  const Duration remaining = remaining_of(history, fault, schedule, now);
  if (remaining > 0ms) return NextTry{now + std::min(wait, remaining)};
  if (fault.kind == FaultKind::policy) return GiveUp{fault.code.permanent(), fault.sentence};
  return GiveUp{{5, 4, 300}, "Message expired after " + to_string(counted(history, history.accepted, now)) +
                                 "; last: " + fault.sentence};
}

}  // namespace danewerk::retry
