#include "service/queue/scheduler.h"

#include <algorithm>
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
      turns_(limits),
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

void Scheduler::hear(types::HopKey hop, pace::Signal signal) {
  home_.post([this, hop = std::move(hop), signal = std::move(signal)] { turns_.hear(hop, signal, clock_.now()); });
}

void Scheduler::try_now(std::optional<types::HopKey> hop) {
  home_.post([this, hop = std::move(hop)] {
    if (hop) {
      turns_.wake(*hop);
    } else {
      turns_.wake_all();
    }
    something_.set();
  });
}

io::Task<> Scheduler::run() {
  co_await learn_lanes();
  while (!stopping_) {
    something_.reset();
    for (const auto& [lane, due] : queue_.take_notes()) turns_.note(lane, due);
    std::vector<pace::Turn> turns = turns_.take(clock_.now(), claims_at_once);
    if (!turns.empty()) {
      co_await claim(std::move(turns));
      continue;
    }
    Duration sleep = longest_sleep;
    if (const auto next = turns_.next_wake()) sleep = std::clamp(*next - clock_.now(), Duration{1}, longest_sleep);
    co_await something_.wait_for(sleep);
  }
}

/// What waits since before we began; from then on the store tells.
io::Task<> Scheduler::learn_lanes() {
  while (!stopping_) {
    auto waiting = co_await queue_.waiting();
    if (waiting) {
      for (const io::WaitingLane& one : *waiting) turns_.note(one.lane, one.next);
      co_return;
    }
    log_.event(claim_failed, {{"what", waiting.error().what}});
    co_await clock_.sleep_for(pause_after_error);
  }
}

io::Task<> Scheduler::claim(std::vector<pace::Turn> turns) {
  const Instant now = clock_.now();
  std::vector<io::LaneWant> wants;
  for (const pace::Turn& turn : turns) wants.push_back({turn.lane, turn.most});
  auto claimed = co_await queue_.claim(std::move(wants), now);
  if (!claimed) {
    co_await not_claimed(std::move(turns), std::move(claimed).error());
    co_return;
  }
  for (const io::LaneClaim& lane : claimed->lanes) turns_.claimed(lane.lane, lane.taken, lane.next, now);
  for (types::DueRecipients& due : claimed->due) {
    due.not_now = turns_.rests(due.hop, now);
    hand_out(std::move(due));
  }
}

/// A row that cannot be read keeps its own lane back, and nobody else's; a store that cannot be read, everything.
io::Task<> Scheduler::not_claimed(std::vector<pace::Turn> turns, Error error) {
  const bool corrupt = error.kind == ErrorKind::corrupt;
  if (corrupt && turns.size() > 1) {
    for (pace::Turn& turn : turns) {
      std::vector<pace::Turn> alone;
      alone.push_back(std::move(turn));
      co_await claim(std::move(alone));
    }
    co_return;
  }
  log_.event(claim_failed, {{"what", error.what}, {"hop", turns.size() == 1 ? turns.front().lane.hop.text : ""}});
  const Instant now = clock_.now();
  const Instant again = corrupt ? now + longest_sleep : now;
  for (const pace::Turn& turn : turns) turns_.claimed(turn.lane, 0, again, now);
  if (!corrupt) co_await clock_.sleep_for(pause_after_error);
}

void Scheduler::hand_out(types::DueRecipients due) {
  Lane& lane = *lanes_[next_lane_++ % lanes_.size()];
  auto shared = std::make_shared<types::DueRecipients>(std::move(due));
  lane.reactor.post([this, &lane, shared] {
    const types::QueueId id = shared->id;
    const types::Lane of{shared->tenant, shared->hop};
    if (!lane.group.spawn("delivery of " + id.to_string(), deliver_and_count(lane.deliver_one, std::move(*shared)))) {
      queue_.release(id, of.hop);
      finished_one(of);
    }
  });
}

io::Task<> Scheduler::deliver_and_count(const DeliverOne& deliver_one, types::DueRecipients due) {
  struct Count {
    Scheduler& scheduler;
    types::Lane lane;
    ~Count() { scheduler.finished_one(std::move(lane)); }  // also when the delivery is cancelled
  } count{*this, {due.tenant, due.hop}};
  co_await deliver_one(std::move(due));
}

void Scheduler::finished_one(types::Lane lane) {
  home_.post([this, lane = std::move(lane)] {
    turns_.ended(lane, clock_.now());
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
