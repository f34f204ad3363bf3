// Alarm: a sleep that can be cut short by somebody of the same reactor.
//
// Whoever rests until an instant and may be wanted sooner would otherwise have to wake now and then to look, which delays the
// one who wants something and costs a wake each time for nothing. A ring while nobody sleeps is kept for the next sleep.
#pragma once

#include "io/runtime/clock.h"
#include "io/runtime/together.h"

namespace danewerk::io {

class Alarm {
 public:
  /// Until `until` or ring(), whichever is sooner; at once if it has rung since the last sleep.
  Task<> sleep_until(Clock& clock, Instant until) {
    if (!rung_) {
      detail::Children sleep(co_await boost::asio::this_coro::executor);
      const Sleeping known(sleeping_, sleep);
      sleep.start(clock.sleep_until(until));
      co_await sleep.finish(std::nullopt);
    }
    rung_ = false;
  }
  void ring() {
    rung_ = true;
    if (sleeping_ != nullptr) sleeping_->cancel();
  }

 private:
  /// So that the pointer is gone when the sleeper is, however it ends.
  class Sleeping {
   public:
    Sleeping(detail::Children*& place, detail::Children& sleep) : place_(place) { place_ = &sleep; }
    ~Sleeping() { place_ = nullptr; }
    Sleeping(const Sleeping&) = delete;
    Sleeping& operator=(const Sleeping&) = delete;

   private:
    detail::Children*& place_;
  };

  detail::Children* sleeping_ = nullptr;
  bool rung_ = false;
};

}  // namespace danewerk::io
