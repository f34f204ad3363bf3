#include "service/queue/scheduler.h"

#include <future>

#include "io/runtime/stopping.h"
#include "service/queue/queue_events.h"

namespace danewerk::service {
namespace {

constexpr Duration longest_sleep = std::chrono::minutes(1);
constexpr Duration pause_after_error = std::chrono::seconds(1);
constexpr std::size_t claims_at_once = 200;

}  // namespace

struct Scheduler::Lane {
  Lane(io::Reactor& r, DeliverOne d) : reactor(r), deliver_one(std::move(d)), group(r.executor(), "delivery") {}
  io::Reactor& reactor;
  DeliverOne deliver_one;
  io::TaskGroup group;  // used on its reactor only
};

Scheduler::Scheduler(io::QueueStore& queue, io::Clock& clock, io::Log& log, io::Reactor& home, io::ReactorPool& reactors,
                     std::vector<DeliverOne> deliver_on, SchedulerLimits limits)
    : queue_(queue),
      clock_(clock),
      log_(log),
      home_(home),
      limits_(limits),
      group_(home.executor(), "scheduler"),
      something_(home.executor()) {
  CHECK(deliver_on.size() == reactors.size());
  for (std::size_t i = 0; i < reactors.size(); ++i) {
    lanes_.push_back(std::make_unique<Lane>(reactors.at(i), std::move(deliver_on[i])));
  }
}

Scheduler::~Scheduler() = default;

void Scheduler::start() {
  home_.post([this] { group_.spawn("claims", run()); });
}

void Scheduler::wake() {
  home_.post([this] { something_.set(); });
}

io::Task<> Scheduler::run() {
  while (!stopping_) {
    something_.reset();
    if (active_ < limits_.concurrent && co_await claim_some()) continue;
    if (active_ >= limits_.concurrent) {
      co_await something_.wait();
      continue;
    }
    Duration sleep = longest_sleep;
    if (auto due = co_await queue_.next_due(); due && *due) {
      // What is due but was not given is held back by the limit for its hop: a delivery that ends will wake us.
      const Duration rest = **due - clock_.now();
      sleep = rest <= Duration::zero() ? pause_after_error : std::min(longest_sleep, rest);
    }
    co_await something_.wait_for(sleep);
  }
}

/// True if there was something to hand out.
io::Task<bool> Scheduler::claim_some() {
  auto claimed = co_await queue_.claim_due(clock_.now(), std::min(claims_at_once, limits_.concurrent - active_), limits_.per_hop);
  if (!claimed) {
    log_.event(claim_failed, {{"what", claimed.error().what}});
    co_await clock_.sleep_for(pause_after_error);
    co_return false;
  }
  for (types::DueRecipients& due : *claimed) hand_out(std::move(due));
  co_return !claimed->empty();
}

void Scheduler::hand_out(types::DueRecipients due) {
  ++active_;
  Lane& lane = *lanes_[next_lane_++ % lanes_.size()];
  auto shared = std::make_shared<types::DueRecipients>(std::move(due));
  lane.reactor.post([this, &lane, shared] {
    const types::QueueId id = shared->id;
    const types::HopKey hop = shared->hop;
    if (!lane.group.spawn("delivery of " + id.to_string(), deliver_and_count(lane.deliver_one, std::move(*shared)))) {
      queue_.release(id, hop);
      finished_one();
    }
  });
}

io::Task<> Scheduler::deliver_and_count(const DeliverOne& deliver_one, types::DueRecipients due) {
  struct Count {
    Scheduler& scheduler;
    ~Count() { scheduler.finished_one(); }  // also when the delivery is cancelled
  } count{*this};
  co_await deliver_one(std::move(due));
}

void Scheduler::finished_one() {
  home_.post([this] {
    --active_;
    something_.set();
  });
}

void Scheduler::stop(Duration patience) {
  home_.post([this] { stopping_ = true; });
  io::ending_of(group_, io::Cancel::yes).wait();
  const auto give_up = std::chrono::steady_clock::now() + patience;
  for (auto& lane : lanes_) {
    if (io::ending_of(lane->group, io::Cancel::no).wait_until(give_up) == std::future_status::ready) continue;
    io::ending_of(lane->group, io::Cancel::yes).wait();
  }
  // Every delivery that ended has posted its count to our home: behind this nothing there refers to us any more.
  auto last = std::make_shared<std::promise<void>>();
  home_.post([last] { last->set_value(); });
  last->get_future().wait();
}

}  // namespace danewerk::service
