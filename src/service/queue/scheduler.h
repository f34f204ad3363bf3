// Scheduler: takes what is due out of the queue and hands it to delivery, never more at once than may be.
//
// Without it either one slow destination holds up all others, or ten thousand connections open at once. It claims groups of
// recipients (one message, one next hop) as places come free, at most so many to one next hop, spreads them over the
// reactors, and sleeps until the next is due or somebody says that new mail is there. Its state is in memory only: after a
// crash everything waiting is due again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/log/log.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/store/queue_store.h"

namespace danewerk::service {

struct SchedulerLimits {
  std::size_t concurrent = 500;
  std::size_t per_hop = 20;
};

/// Delivers one claim on the reactor it is called on, and ends the claim.
using DeliverOne = std::function<io::Task<>(types::DueRecipients)>;

class Scheduler {
 public:
  /// Lives on `home`; `deliver_on[i]` runs on the i-th of `reactors` (CHECKed: one each). Everything outlives it until stop().
  Scheduler(io::QueueStore& queue, io::Clock& clock, io::Log& log, io::Reactor& home, io::ReactorPool& reactors,
            std::vector<DeliverOne> deliver_on, SchedulerLimits limits);
  ~Scheduler();

  /// Thread safe: begins to run.
  void start();
  /// Thread safe: new mail is there, or something was made due.
  void wake();
  /// Thread safe, blocks the calling thread (never a reactor's): takes no more, lets what is under way finish for `patience`,
  /// then cancels it and waits for it to end.
  void stop(Duration patience);

 private:
  struct Lane;
  io::Task<> run();
  io::Task<bool> claim_some();
  io::Task<> deliver_and_count(const DeliverOne& deliver_one, types::DueRecipients due);
  void hand_out(types::DueRecipients due);
  void finished_one();

  io::QueueStore& queue_;
  io::Clock& clock_;
  io::Log& log_;
  io::Reactor& home_;
  SchedulerLimits limits_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  io::TaskGroup group_;
  io::Event something_;
  std::size_t active_ = 0;
  std::size_t next_lane_ = 0;
  bool stopping_ = false;
};

}  // namespace danewerk::service
