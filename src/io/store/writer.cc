#include "io/store/writer.h"

#include <pthread.h>

namespace danewerk::io {

Writer::Writer(Database database, Limits limits, Threading threading) : database_(std::move(database)), limits_(limits) {
  if (threading == Threading::own_thread) thread_ = std::thread([this] { loop(); });
}

Writer::~Writer() {
  stop();
  if (broken()) database_.keep_log_on_close();  // a checkpoint would try the failed fsync again
}

void Writer::stop() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  while (turn()) continue;
}

void Writer::submit(Work work, Answer answer) {
  {
    const std::lock_guard guard(mutex_);
    jobs_.push_back({std::move(work), std::move(answer)});
  }
  wake_.notify_one();
}

Task<Result<void>> Writer::write(Work work, Answer settled) {
  auto job = std::make_shared<Job>(Job{std::move(work), std::move(settled)});
  auto start = [this, job](Completion<Result<void>> done) {
    auto answer = [job, done](Result<void> result) {
      if (job->answer) job->answer(result);
      done(std::move(result));
    };
    auto work_once = [job](Database& database) { return job->work(database); };
    submit(std::move(work_once), std::move(answer));
  };
  co_return co_await completed_by<Result<void>>(start);
}

void Writer::loop() {
  pthread_setname_np(pthread_self(), "store-writer");
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
    }
    turn();
  }
}

bool Writer::turn() {
  std::vector<Job> group = take_group();
  if (group.empty()) return false;
  settle(std::move(group));
  tend_log();
  return true;
}

std::vector<Writer::Job> Writer::take_group() {
  const std::lock_guard guard(mutex_);
  std::vector<Job> group;
  while (!jobs_.empty() && group.size() < limits_.group) {
    group.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return group;
}

void Writer::settle(std::vector<Job> group) {
  std::vector<Result<void>> results(group.size(), commit(group, 0, group.size()));
  if (!results.front() && group.size() > 1) {
    for (std::size_t i = 0; i < group.size(); ++i) results[i] = commit(group, i, 1);
  }
  for (std::size_t i = 0; i < group.size(); ++i) group[i].answer(std::move(results[i]));
}

Result<void> Writer::commit(std::vector<Job>& group, std::size_t first, std::size_t count) {
  if (auto reason = broken()) return Failure{*std::move(reason)};
  auto done = run_jobs(group, first, count);
  if (done) {
    ++commits_;
    return done;
  }
  note_trouble(done.error());
  // After a failed COMMIT SQLite may have rolled back by itself.
  if (database_.in_transaction()) {
    if (auto undone = database_.script("ROLLBACK"); !undone) break_down(undone.error());
  }
  return done;
}

Result<void> Writer::run_jobs(std::vector<Job>& group, std::size_t first, std::size_t count) {
  TRY_VOID(database_.script("BEGIN IMMEDIATE"));
  for (std::size_t i = first; i < first + count; ++i) TRY_VOID(group[i].work(database_));
  return database_.script("COMMIT");
}

void Writer::note_trouble(const Error& error) {
  if (database_.trouble() == Trouble::broken) break_down(error);
  database_.forget_full();
}

void Writer::break_down(const Error& error) {
  const std::lock_guard guard(mutex_);
  if (broken_) return;
  broken_ = Error{ErrorKind::unavailable, "the store refuses writes since this failed: " + error.what +
                                              "; check the disk, then restart: what was promised is checked at start"};
}

std::optional<Error> Writer::broken() const {
  const std::lock_guard guard(mutex_);
  return broken_;
}

void Writer::tend_log() {
  if (database_.log_pages() < limits_.checkpoint_pages || broken()) return;
  if (auto done = database_.checkpoint(); !done) note_trouble(done.error());
}

}  // namespace danewerk::io
