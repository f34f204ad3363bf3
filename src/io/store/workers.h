// Workers: a few threads for what may block: spool files and reading queries.
//
// Reactors must never wait for a disk. A Workers takes jobs in order and runs them on its threads; each job is told the
// number of the thread it runs on, so that a thread can own something (a database connection). With no threads, post()
// runs the job at once on the caller's: simulations use that to be the same at every run.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/runtime/event.h"

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

  /// Runs `work(thread)` there and hands back what it returns. The wait is not cancellable.
  template <class T>
  Task<T> run(std::function<T(std::size_t)> work) {
    auto kept = std::make_shared<std::function<T(std::size_t)>>(std::move(work));
    auto start = [this, kept](Completion<T> done) {
      post([kept, done](std::size_t thread) { done((*kept)(thread)); });
    };
    co_return co_await completed_by<T>(start);
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
