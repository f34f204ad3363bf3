// Clock: where Instants come from, and how a task sleeps until one.
//
// A seam: the program runs on SystemClock, tests on ManualClock, and nothing else in Danewerk asks the time. SystemClock
// is the wall clock read once, carried on by the monotonic clock: it never jumps. A wall clock that was set afterwards
// shows as drift(), which the hourly clock check reports (a wrong clock makes every DNSSEC verdict wrong).
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/instant.h"
#include "io/runtime/event.h"
#include "io/runtime/task.h"

namespace danewerk::io {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const noexcept = 0;
  /// Returns at once if `until` has passed.
  virtual Task<> sleep_until(Instant until) = 0;

  Task<> sleep_for(Duration duration) { return sleep_until(now() + duration); }
};

class SystemClock final : public Clock {
 public:
  SystemClock();
  Instant now() const noexcept override;
  Task<> sleep_until(Instant until) override;
  /// How far the wall clock has moved away from ours since the process started; positive if it was set forward.
  Duration drift() const noexcept;

 private:
  std::chrono::system_clock::time_point wall_start_;
  std::chrono::steady_clock::time_point steady_start_;
};

/// Virtual time: stands still until advance(). Single-threaded.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  Instant now() const noexcept override { return now_; }
  Task<> sleep_until(Instant until) override;
  /// Moves time and wakes whoever was sleeping until then, earliest first.
  void advance_to(Instant instant);
  void advance(Duration duration) { advance_to(now_ + duration); }
  /// The earliest instant somebody sleeps for.
  std::optional<Instant> next_wake() const;

 private:
  Instant now_;
  std::multimap<Instant, std::shared_ptr<Event>> sleepers_;
};

}  // namespace danewerk::io
