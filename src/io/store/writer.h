// Writer: the one thread that changes the database, and group commit.
//
// 250 may be said only after the disk has said yes (RFC 5321 6.1, SMTP-02), and a disk says yes a few thousand times a
// second at most. So changes queue here as jobs; the thread takes all that wait (up to a bound) and all that come while it
// runs them in one transaction, commits once, and answers them all: one fsync serves many, and nobody waits for company when it is idle.
//
// A job must be repeatable: if another one of its group fails, the transaction is rolled back and each job is run again
// in a transaction of its own, so that one message's fault is never another's.
//
// After an I/O error, a failed fsync or corruption nobody knows what the disk holds (see Database). The Writer then
// refuses every further job with that error until the process opens the store afresh; it never tries a failed fsync
// again. A full disk is different: the transaction is undone, the caller hears `limit`, and the next one may succeed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "io/runtime/event.h"
#include "io/store/database.h"

namespace danewerk::io {

class Writer {
 public:
  using Work = std::function<Result<void>(Database&)>;
  /// Called on the writer's thread after the commit (or its failure).
  using Answer = std::function<void(Result<void>)>;
  enum class Threading : std::uint8_t { own_thread, turned_by_caller };
  struct Limits {
    std::size_t group = 256;     ///< jobs in one transaction
    int checkpoint_pages = 4000;  ///< log size from which the log is moved into the database file
  };

  Writer(Database database, Limits limits, Threading threading);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Finishes what is queued and ends the thread; the connection stays open until destruction.
  void stop();

  void submit(Work work, Answer answer);
  /// submit() for a coroutine: the transaction is durable when this returns success. `settled` runs on the writer's
  /// thread before the coroutine hears of it, even if that was cancelled meanwhile.
  Task<Result<void>> write(Work work, Answer settled = nullptr);

  /// With turned_by_caller: commits one group. False if there was nothing to do.
  bool turn();
  /// Why nothing can be written any more, if so. Thread safe.
  std::optional<Error> broken() const;
  /// Breaks it from outside: a spool file's fsync failed.
  void break_down(const Error& error);
  /// Transactions committed so far: with the number of jobs, how well groups form. Thread safe.
  std::uint64_t commits() const noexcept { return commits_; }

 private:
  struct Job {
    Work work;
    Answer answer;
  };
  void loop();
  bool take_more(std::vector<Job>& group);
  void settle(std::vector<Job> group);
  Result<void> commit(const std::function<Result<void>()>& change);
  Result<void> run(const std::function<Result<void>()>& change);
  Result<void> run_and_gather(std::vector<Job>& group);
  void note_trouble(const Error& error);
  void tend_log();

  Database database_;
  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::optional<Error> broken_;
  std::atomic<std::uint64_t> commits_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace danewerk::io
