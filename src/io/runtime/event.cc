#include "io/runtime/event.h"

namespace danewerk::io {

Event::Event(Executor executor) : timer_(executor) { timer_.expires_at(std::chrono::steady_clock::time_point::max()); }

Event::~Event() = default;

void Event::set() {
  set_ = true;
  timer_.cancel();
}

Task<> Event::wait() {
  while (!set_) {
    auto [error] = co_await timer_.async_wait(quiet);
    static_cast<void>(error);  // cancelled by set(), or the task is: then the next co_await unwinds
    if (!set_) co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable_t<Executor>{});
  }
}

Task<bool> Event::wait_for(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!set_ && std::chrono::steady_clock::now() < until) {
    timer_.expires_at(until);
    auto [error] = co_await timer_.async_wait(quiet);
    static_cast<void>(error);
    timer_.expires_at(std::chrono::steady_clock::time_point::max());
    if (!set_) co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable_t<Executor>{});
  }
  co_return set_;
}

Task<> woken(const std::function<void(std::function<void()>)>& begin) {
  boost::asio::use_awaitable_t<Executor> token;
  auto initiate = [&begin](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto executor = boost::asio::get_associated_executor(*shared);
    begin([shared, executor] {
      boost::asio::post(executor, [shared] { std::move (*shared)(); });
    });
  };
  co_await boost::asio::async_initiate<boost::asio::use_awaitable_t<Executor>, void()>(initiate, token);
}

}  // namespace danewerk::io
