// Reactor and ReactorPool: one event loop a core, each on its own thread, sharing nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/runtime/task.h"

namespace danewerk::io {

class Reactor {
 public:
  explicit Reactor(std::string name);
  /// Stops and joins.
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  Executor executor() noexcept { return context_.get_executor(); }
  /// Runs the loop on a thread of its own until stop().
  void start();
  /// Runs the loop on the calling thread until stop().
  void run();
  /// Thread safe. Work still queued is dropped: join the TaskGroups first.
  void stop();
  /// Runs `work` on this reactor; thread safe.
  void post(std::function<void()> work);

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<Executor> guard_;
  std::string name_;
  std::thread thread_;
};

class ReactorPool {
 public:
  /// `count` of 0 takes one for each core the process may run on.
  explicit ReactorPool(std::size_t count);
  std::size_t size() const noexcept { return reactors_.size(); }
  Reactor& at(std::size_t index) { return *reactors_[index % reactors_.size()]; }
  void start();
  void stop();

 private:
  std::vector<std::unique_ptr<Reactor>> reactors_;
};

/// Runs one task to its end on a fresh loop, on this thread: for tests and one-shot commands.
void run_to_end(Task<> task);

}  // namespace danewerk::io
