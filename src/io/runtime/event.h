// Event and Completion: how a coroutine waits for something that is not I/O.
//
// Event is for coroutines of one reactor: somebody sets it, everybody waiting goes on. Completion crosses threads: a
// writer thread or a resolver callback answers exactly one waiting coroutine, which resumes on its own reactor.
//
// Whatever of this names no type of its users is compiled once, in event.cc: a coroutine in a header costs every file that
// includes it the instantiation of half of Asio (decision 0091).
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
  explicit Event(Executor executor);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  void reset() { set_ = false; }
  bool is_set() const noexcept { return set_; }

  /// Returns when set (at once if it already is); unwinds if the task is cancelled.
  Task<> wait();
  /// True if set within `limit`.
  Task<bool> wait_for(std::chrono::milliseconds limit);

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

/// Calls `begin` with a word that wakes us, and waits until it was said, on any thread. The wait cannot be cancelled.
Task<> woken(const std::function<void(std::function<void()>)>& begin);

/// Calls `start` with a Completion and waits until it has been answered. The wait cannot be cancelled: whoever holds the
/// Completion must answer it. Give `start` as a named object, never as a capturing lambda inside the co_await expression.
template <class T, class Start>
Task<T> completed_by(Start& start) {
  const auto answer = std::make_shared<std::optional<T>>();
  const std::function<void(std::function<void()>)> begin = [&start, &answer](std::function<void()> wake) {
    start(Completion<T>([answer, wake = std::move(wake)](T value) {
      answer->emplace(std::move(value));
      wake();
    }));
  };
  co_await woken(begin);
  co_return *std::move(*answer);
}

}  // namespace danewerk::io
