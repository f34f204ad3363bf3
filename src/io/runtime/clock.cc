#include "io/runtime/clock.h"

namespace danewerk::io {

SystemClock::SystemClock()
    : wall_start_(std::chrono::system_clock::now()), steady_start_(std::chrono::steady_clock::now()) {}

Instant SystemClock::now() const noexcept {
  const auto elapsed = std::chrono::steady_clock::now() - steady_start_;
  return std::chrono::floor<Duration>(wall_start_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(elapsed));
}

Task<> SystemClock::sleep_until(Instant until) {
  Timer timer(co_await boost::asio::this_coro::executor);
  const Duration rest = until - now();
  if (rest <= Duration::zero()) co_return;
  timer.expires_after(rest);
  co_await timer.async_wait(boost::asio::use_awaitable_t<Executor>{});  // unwinds if cancelled: never "slept" too early
}

Duration SystemClock::drift() const noexcept {
  return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now() - now());
}

Task<> ManualClock::sleep_until(Instant until) {
  if (until <= now_) co_return;
  auto event = std::make_shared<Event>(co_await boost::asio::this_coro::executor);
  const auto place = sleepers_.emplace(until, event);
  struct Removal {
    std::multimap<Instant, std::shared_ptr<Event>>& sleepers;
    std::multimap<Instant, std::shared_ptr<Event>>::iterator place;
    ~Removal() { sleepers.erase(place); }
  } removal{sleepers_, place};
  co_await event->wait();
}

void ManualClock::advance_to(Instant instant) {
  if (instant > now_) now_ = instant;
  for (auto& [until, event] : sleepers_) {
    if (until <= now_) event->set();
  }
}

std::optional<Instant> ManualClock::next_wake() const {
  if (sleepers_.empty()) return std::nullopt;
  return sleepers_.begin()->first;
}

}  // namespace danewerk::io
