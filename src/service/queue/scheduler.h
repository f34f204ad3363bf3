// Scheduler: takes what is due out of the queue and hands it to delivery, in turns, never more at once than may be.
//
// Without it either one slow destination or one large tenant holds up all others, or ten thousand connections open at once. It
// keeps no queue of its own: what has become due it hears from the store, lane by lane; whose turn it is and how many may begin
// says engine/pace; what it claims it spreads over the reactors. It sleeps until the next is due or somebody says that new mail
// is there. Its state is in memory only: after a crash everything waiting is due again, and what a destination takes is learned
// again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/pace/turns.h"
#include "io/log/log.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/store/queue_store.h"

namespace danewerk::service {

using SchedulerLimits = pace::Limits;

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
  /// Thread safe: what a round that was tried says of its hop. Call it before the delivery ends.
  void hear(types::HopKey hop, pace::Signal signal);
  /// Thread safe: a person wants mail tried now; the hop (none given: no hop) rests any longer. What was learned stays.
  void try_now(std::optional<types::HopKey> hop);
  /// On home only: what is allowed to each hop that has anything under way, or a past that matters.
  std::vector<pace::HopFacts> hops() const { return turns_.hops(clock_.now()); }
  /// Thread safe, blocks the calling thread (never a reactor's): takes no more, lets what is under way finish for `patience`,
  /// then cancels it and waits for it to end.
  void stop(Duration patience);

 private:
  struct Lane;
  io::Task<> run();
  io::Task<> learn_lanes();
  io::Task<> claim(std::vector<pace::Turn> turns);
  io::Task<> not_claimed(std::vector<pace::Turn> turns, Error error);
  io::Task<> deliver_and_count(const DeliverOne& deliver_one, types::DueRecipients due);
  void hand_out(types::DueRecipients due);
  void finished_one(types::Lane lane);

  io::QueueStore& queue_;
  io::Clock& clock_;
  io::Log& log_;
  io::Reactor& home_;
  pace::Turns turns_;  // used on home only
  std::vector<std::unique_ptr<Lane>> lanes_;
  io::TaskGroup group_;
  io::Event something_;
  std::size_t next_lane_ = 0;
  bool stopping_ = false;
};

}  // namespace danewerk::service
