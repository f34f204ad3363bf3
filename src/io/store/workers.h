// Workers: a few threads for what may block: spool files and reading queries.
//
// Reactors must never wait for a disk. A Workers takes jobs in order and runs them on its threads; each job is told the
// number of the thread it runs on, so that a thread can own something (a database connection). With no threads, post()
// runs the job at once on the caller's: simulations use that to be the same at every run.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "io/runtime/task.h"

namespace danewerk::io {

class Workers {
 public:
  using Job = std::function<void(std::size_t thread)>;

  Workers(std::size_t threads, std::string name);
  /// Runs what is queued, then joins.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void post(Job job);

  /// Runs `job(thread)` there and returns when it has. The wait is not cancellable.
  Task<> run_job(Job job);

  /// The same for work that returns something. All but the keeping of a T is compiled once, in run_job().
  template <class T>
  Task<T> run(std::function<T(std::size_t)> work) {
    const auto found = std::make_shared<std::optional<T>>();
    Job job = [found, work = std::move(work)](std::size_t thread) { found->emplace(work(thread)); };
    co_await run_job(std::move(job));
    co_return *std::move(*found);
  }

 private:
  void loop(std::size_t number);

  std::string name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace danewerk::io
