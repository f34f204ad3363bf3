// TaskGroup: who owns a coroutine that nobody awaits.
//
// A detached coroutine outlives the objects it points to; that is how servers crash when they stop. Here every such
// coroutine belongs to a named group. A group that is stopping takes no new work and cancels what it has; join() returns
// when the last one is gone, and only then may the things they refer to be destroyed.
//
// A task that unwinds by cancellation has simply ended. Any other exception is a library's, escaped where io should have
// caught it: it is printed with the group's and the task's name, and the process stops, because a task that silently
// vanishes loses mail.
#pragma once

#include <list>
#include <memory>
#include <string>

#include <boost/asio/cancellation_signal.hpp>

#include "io/runtime/event.h"
#include "io/runtime/task.h"

namespace danewerk::io {

/// One reactor only: call every member from the executor's thread (or before the reactor runs).
class TaskGroup {
 public:
  TaskGroup(Executor executor, std::string name);
  /// CHECKs that the group is empty: join() first.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// False, and the task is destroyed unstarted, if the group is stopping.
  bool spawn(std::string_view task_name, Task<> task);
  /// No new work; every task is cancelled. Returns at once.
  void stop();
  bool stopping() const noexcept { return stopping_; }
  std::size_t size() const noexcept { return running_.size(); }
  /// Waits until no task is left.
  Task<> join();

  Executor executor() const noexcept { return executor_; }

 private:
  struct Running {
    std::string name;
    boost::asio::cancellation_signal cancel;
  };
  void ended(std::list<Running>::iterator running, std::exception_ptr exception);

  Executor executor_;
  std::string name_;
  std::list<Running> running_;
  Event empty_;
  bool stopping_ = false;
};

}  // namespace danewerk::io
