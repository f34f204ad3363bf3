#include "io/runtime/task_group.h"

#include <cstdio>
#include <cstdlib>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/system/system_error.hpp>

namespace danewerk::io {

TaskGroup::TaskGroup(Executor executor, std::string name)
    : executor_(executor), name_(std::move(name)), empty_(executor) {
  empty_.set();
}

TaskGroup::~TaskGroup() { CHECK(running_.empty()); }

bool TaskGroup::spawn(std::string_view task_name, Task<> task) {
  if (stopping_) return false;
  auto running = running_.emplace(running_.end());
  running->name = task_name;
  empty_.reset();
  auto on_end = [this, running](std::exception_ptr exception) { ended(running, exception); };
  boost::asio::co_spawn(executor_, std::move(task),
                        boost::asio::bind_cancellation_slot(running->cancel.slot(), std::move(on_end)));
  return true;
}

void TaskGroup::stop() {
  stopping_ = true;
  // A cancelled task may end inside emit() and leave the list; step on before it does.
  for (auto running = running_.begin(); running != running_.end();) {
    auto next = std::next(running);
    running->cancel.emit(boost::asio::cancellation_type::terminal);
    running = next;
  }
}

Task<> TaskGroup::join() { co_await empty_.wait(); }

void TaskGroup::ended(std::list<Running>::iterator running, std::exception_ptr exception) {
  if (exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const boost::system::system_error& error) {
      if (error.code() != boost::asio::error::operation_aborted) {
        std::fprintf(stderr, "task %s/%s ended by an exception: %s\n", name_.c_str(), running->name.c_str(), error.what());
        std::abort();
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "task %s/%s ended by an exception: %s\n", name_.c_str(), running->name.c_str(), error.what());
      std::abort();
    }
  }
  running_.erase(running);
  if (running_.empty()) empty_.set();
}

}  // namespace danewerk::io
