#include "io/runtime/alarm.h"

namespace danewerk::io {

/// So that the pointer is gone when the sleeper is, however it ends.
class Alarm::Sleeping {
 public:
  Sleeping(detail::Children*& place, detail::Children& sleep) : place_(place) { place_ = &sleep; }
  ~Sleeping() { place_ = nullptr; }
  Sleeping(const Sleeping&) = delete;
  Sleeping& operator=(const Sleeping&) = delete;

 private:
  detail::Children*& place_;
};

Task<> Alarm::sleep_until(Clock& clock, Instant until) {
  if (!rung_) {
    detail::Children sleep(co_await boost::asio::this_coro::executor);
    const Sleeping known(sleeping_, sleep);
    sleep.start(clock.sleep_until(until));
    co_await sleep.finish(std::nullopt);
  }
  rung_ = false;
}

void Alarm::ring() {
  rung_ = true;
  if (sleeping_ != nullptr) sleeping_->cancel();
}

}  // namespace danewerk::io
