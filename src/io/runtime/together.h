// together() and within(): several waits at once, and a wait with an end.
//
// Both start child coroutines and return only when every child has ended, so that a child may refer to what its parent
// owns. Both hand the parent's cancellation on to the children.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include "base/instant.h"
#include "io/runtime/task.h"

namespace danewerk::io {
namespace detail {

template <class T>
Task<> keep(Task<T> task, std::optional<T>& into) {
  into.emplace(co_await std::move(task));
}

/// Children of one parent: started together, waited for together.
class Children {
 public:
  explicit Children(Executor executor);
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  void start(Task<> task);
  void cancel();
  /// Waits for all, at most until `limit`; if the parent is cancelled or the limit passes, cancels them and waits on.
  /// True if all ended by themselves.
  Task<bool> finish(std::optional<Duration> limit);

 private:
  Executor executor_;
  Timer wake_;  // rung by the last child, or by the limit
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<boost::asio::cancellation_signal>> signals_;
};

/// The waiting task unwinds, as if its wait had been cancelled.
[[noreturn]] void unwind();

}  // namespace detail

/// Runs all at once; the results are in the order of the tasks. If the caller is cancelled, it unwinds after they end.
template <class T>
Task<std::vector<T>> together(std::vector<Task<T>> tasks) {
  detail::Children children(co_await boost::asio::this_coro::executor);
  std::vector<std::optional<T>> kept(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) children.start(detail::keep(std::move(tasks[i]), kept[i]));
  co_await children.finish(std::nullopt);
  std::vector<T> out;
  out.reserve(kept.size());
  for (auto& result : kept) {
    if (!result) detail::unwind();
    out.push_back(*std::move(result));
  }
  co_return out;
}

/// The task's result, or ErrorKind::timeout if it has not ended within `limit`; it is cancelled then, and has ended
/// before this returns.
template <class T>
Task<Result<T>> within(Duration limit, Task<Result<T>> task) {
  detail::Children children(co_await boost::asio::this_coro::executor);
  std::optional<Result<T>> kept;
  children.start(detail::keep(std::move(task), kept));
  const bool in_time = co_await children.finish(limit);
  // A task that was cancelled may still return: with a value, which counts, or with "cancelled", which is the timeout.
  if (!kept || (!in_time && !kept->has_value())) co_return fail(ErrorKind::timeout, "no answer within " + to_string(limit));
  co_return *std::move(kept);
}

}  // namespace danewerk::io
