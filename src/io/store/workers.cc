#include "io/store/workers.h"

#include <pthread.h>

#include "io/runtime/event.h"

namespace danewerk::io {

Workers::Workers(std::size_t threads, std::string name) : name_(std::move(name)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { loop(i); });
}

Workers::~Workers() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::post(Job job) {
  if (threads_.empty()) return job(0);
  {
    const std::lock_guard guard(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

Task<> Workers::run_job(Job job) {
  const std::function<void(std::function<void()>)> begin = [this, &job](std::function<void()> wake) {
    post([job = std::move(job), wake = std::move(wake)](std::size_t thread) {
      job(thread);
      wake();
    });
  };
  co_await woken(begin);
}

void Workers::loop(std::size_t number) {
  pthread_setname_np(pthread_self(), (name_ + "-" + std::to_string(number)).substr(0, 15).c_str());
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(number);
    job = nullptr;
    lock.lock();
  }
}

}  // namespace danewerk::io
