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
  std::vector<Job> group;
  if (!take_more(group)) return false;
  settle(std::move(group));
  tend_log();
  return true;
}

bool Writer::take_more(std::vector<Job>& group) {
  const std::lock_guard guard(mutex_);
  const std::size_t before = group.size();
  while (!jobs_.empty() && group.size() < limits_.group) {
    group.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return group.size() > before;
}

void Writer::settle(std::vector<Job> group) {
  const Result<void> together = commit([this, &group] { return run_and_gather(group); });
  std::vector<Result<void>> results(group.size(), together);
  if (!together && group.size() > 1) {
    for (std::size_t i = 0; i < group.size(); ++i) results[i] = commit([this, &job = group[i]] { return job.work(database_); });
  }
  for (std::size_t i = 0; i < group.size(); ++i) group[i].answer(std::move(results[i]));
}

Result<void> Writer::commit(const std::function<Result<void>()>& change) {
  if (auto reason = broken()) return Failure{*std::move(reason)};
  auto done = run(change);
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

Result<void> Writer::run(const std::function<Result<void>()>& change) {
  TRY_VOID(database_.run("BEGIN IMMEDIATE"));
  TRY_VOID(change());
  return database_.run("COMMIT");
}

/// Who comes while the others' jobs run still goes with them: the fsync is what costs.
Result<void> Writer::run_and_gather(std::vector<Job>& group) {
  std::size_t done = 0;
  do {
    for (; done < group.size(); ++done) TRY_VOID(group[done].work(database_));
  } while (take_more(group));
  return {};
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
