// Event and Completion: how a coroutine waits for something that is not I/O.
//
// Event is for coroutines of one reactor: somebody sets it, everybody waiting goes on. Completion crosses threads: a
// writer thread or a resolver callback answers exactly one waiting coroutine, which resumes on its own reactor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "io/runtime/task.h"

namespace danewerk::io {

/// Stays set until reset(). Not thread safe: one reactor only.
class Event {
 public:
  explicit Event(Executor executor) : timer_(executor) { timer_.expires_at(std::chrono::steady_clock::time_point::max()); }

  void set() {
    set_ = true;
    timer_.cancel();
  }
  void reset() { set_ = false; }
  bool is_set() const noexcept { return set_; }

  /// Returns when set (at once if it already is); unwinds if the task is cancelled.
  Task<> wait() {
    while (!set_) {
      auto [error] = co_await timer_.async_wait(quiet);
      static_cast<void>(error);  // cancelled by set(), or the task is: then the next co_await unwinds
      if (!set_) co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable_t<Executor>{});
    }
  }

  /// True if set within `limit`.
  Task<bool> wait_for(std::chrono::milliseconds limit) {
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

 private:
  Timer timer_;
  bool set_ = false;
};

/// The right to answer one waiting coroutine, once, from any thread.
template <class T>
class Completion {
 public:
  explicit Completion(std::function<void(T)> answer) : answer_(std::make_shared<std::function<void(T)>>(std::move(answer))) {}
  /// The waiter resumes on its own reactor.
  void operator()(T value) const {
    auto answer = std::exchange(*answer_, nullptr);
    CHECK(answer != nullptr);
    answer(std::move(value));
  }

 private:
  std::shared_ptr<std::function<void(T)>> answer_;
};

/// Calls `start` with a Completion and waits until it has been answered. The wait cannot be cancelled: whoever holds the
/// Completion must answer it. Give `start` as a named object, never as a capturing lambda inside the co_await expression.
template <class T, class Start>
Task<T> completed_by(Start& start) {
  boost::asio::use_awaitable_t<Executor> token;
  auto initiate = [&start](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto executor = boost::asio::get_associated_executor(*shared);
    start(Completion<T>([shared, executor](T value) {
      auto resume = [shared, value = std::make_shared<T>(std::move(value))]() mutable { std::move (*shared)(std::move(*value)); };
      boost::asio::post(executor, std::move(resume));
    }));
  };
  co_return co_await boost::asio::async_initiate<boost::asio::use_awaitable_t<Executor>, void(T)>(initiate, token);
}

}  // namespace danewerk::io
