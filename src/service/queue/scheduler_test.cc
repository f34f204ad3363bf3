// The scheduler over a real store and real reactors. Nothing sleeps: deliveries stand still until the test lets them go.
#include "service/queue/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <list>
#include <map>
#include <thread>

#include "io/store/posix_disk.h"
#include "service/queue/queue_events.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;  // only a test that fails waits so long

/// What the scheduler handed out; each delivery waits until it is let go, and is then recorded as delivered.
class Deliveries {
 public:
  Deliveries(io::QueueStore& queue, const io::Clock& clock) : queue_(queue), clock_(clock) {}

  DeliverOne on(io::Reactor& reactor) {
    return [this, &reactor](types::DueRecipients due) { return deliver(reactor, std::move(due)); };
  }
  bool wait_for_started(std::size_t count) { return wait([this, count] { return started >= count; }); }
  bool wait_for_finished(std::size_t count) { return wait([this, count] { return finished >= count; }); }
  void let_go(std::size_t count) {
    const std::lock_guard guard(mutex_);
    for (Inside* inside : parked_) {
      if (count == 0) return;
      if (inside->told) continue;
      inside->told = true;
      inside->reactor.post([go = inside->go] { go->set(); });
      --count;
    }
  }
  std::size_t inside() const {
    const std::lock_guard guard(mutex_);
    return parked_.size();
  }

  std::size_t started = 0, finished = 0, most = 0, put_off = 0;
  std::function<void(const types::DueRecipients&)> hear;  ///< called as delivery does, before the result is recorded
  std::map<std::string, std::size_t> most_at_hop;
  std::map<std::thread::id, std::size_t> by_thread;
  Instant last_start{};

 private:
  struct Inside {
    Inside(Deliveries& deliveries, io::Reactor& r, std::string h)
        : all(deliveries), reactor(r), hop(std::move(h)), go(std::make_shared<io::Event>(r.executor())) {
      const std::lock_guard guard(all.mutex_);
      place = all.parked_.insert(all.parked_.end(), this);
      ++all.started;
      ++all.by_thread[std::this_thread::get_id()];
      all.last_start = all.clock_.now();
      all.most = std::max(all.most, all.parked_.size());
      const auto here = std::count_if(all.parked_.begin(), all.parked_.end(), [this](const Inside* one) { return one->hop == hop; });
      all.most_at_hop[hop] = std::max(all.most_at_hop[hop], static_cast<std::size_t>(here));
      all.changed_.notify_all();
    }
    ~Inside() {
      const std::lock_guard guard(all.mutex_);
      all.parked_.erase(place);
      all.changed_.notify_all();
    }
    Deliveries& all;
    io::Reactor& reactor;
    std::string hop;
    std::shared_ptr<io::Event> go;
    bool told = false;
    std::list<Inside*>::iterator place;
  };

  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

  io::Task<> deliver(io::Reactor& reactor, types::DueRecipients due) {
    if (due.not_now) ++put_off;
    Inside inside(*this, reactor, due.hop.text);
    if (!due.not_now) co_await inside.go->wait();
    if (hear) hear(due);
    io::Recording recording{due.id, due.hop, clock_.now(), {}, {}, {}};
    for (const types::DueRecipient& one : due.recipients) {
      types::RecipientResult& result = recording.results.emplace_back();
      result.position = one.position;
      result.state = types::RecipientState::delivered;
    }
    auto recorded = co_await queue_.record(std::move(recording));
    EXPECT_TRUE(recorded.has_value());
    const std::lock_guard guard(mutex_);
    ++finished;
    changed_.notify_all();
  }

  io::QueueStore& queue_;
  const io::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Inside*> parked_;
};

/// A log a test can wait for.
class WaitedLog final : public io::Log {
 public:
  void event(const types::LogEvent& kind, types::LogFields) override {
    const std::lock_guard guard(mutex_);
    ++counts_[kind.id];
    changed_.notify_all();
  }
  bool wait_for(const types::LogEvent& kind, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return counts_[kind.id] >= count; });
  }
  int count(const types::LogEvent& kind) {
    const std::lock_guard guard(mutex_);
    return counts_[kind.id];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string_view, int> counts_;
};

class Rig {
 public:
  explicit Rig(SchedulerLimits limits, io::Clock* other = nullptr) : clock(other ? *other : system) {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-scheduler-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    store = *io::Store::open(std::make_shared<io::PosixDisk>(directory_), {});
    queue.emplace(*store);
    deliveries.emplace(*queue, clock);
    home.start();
    lanes.start();
    std::vector<DeliverOne> deliver_on{deliveries->on(lanes.at(0)), deliveries->on(lanes.at(1))};
    scheduler.emplace(*queue, clock, log, home, lanes, std::move(deliver_on), limits);
  }
  ~Rig() {
    if (scheduler) scheduler->stop(0ms);
    scheduler.reset();  // while its home still runs: whatever it left there would touch freed memory
    on_home([] {});
    lanes.stop();
    home.stop();
    deliveries.reset();
    queue.reset();
    store.reset();
    std::filesystem::remove_all(directory_);
  }

  /// Returns when it is due.
  Instant add(const std::string& hop, Duration later = 0ms, const std::string& tenant = "contoso") {
    const Instant due = clock.now() + later;
    io::run_to_end(accept(hop, due, tenant));
    return due;
  }
  /// Runs it on the scheduler's reactor, behind all that is queued there.
  void on_home(std::function<void()> work) {
    auto done = std::make_shared<std::promise<void>>();
    home.post([done, work = std::move(work)] {
      work();
      done->set_value();
    });
    done->get_future().wait();
  }
  /// Until the scheduler has taken note of a lane to the hop, and given it its place in the turns: both without a pause.
  bool wait_until_known(const std::string& hop) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    for (bool known = false; std::chrono::steady_clock::now() < give_up; std::this_thread::yield()) {
      on_home([&] {
        const auto hops = scheduler->hops();
        known = std::any_of(hops.begin(), hops.end(), [&hop](const pace::HopFacts& one) { return one.hop.text == hop; });
      });
      if (known) return true;
    }
    return false;
  }
  types::QueueCounts counts() {
    types::QueueCounts out;
    io::run_to_end(count(out));
    return out;
  }
  void break_queue() { io::run_to_end(drop_table()); }

  io::SystemClock system;
  io::Clock& clock;
  std::unique_ptr<io::Store> store;
  std::optional<io::QueueStore> queue;
  WaitedLog log;
  io::Reactor home{"home"};
  io::ReactorPool lanes{2};
  std::optional<Deliveries> deliveries;
  std::optional<Scheduler> scheduler;

 private:
  io::Task<> accept(std::string hop, Instant when, std::string tenant) {
    types::NewMessage message{*types::TenantId::parse(tenant), types::Origin::submission, {}, {{hop}}, when, when, ""};
    types::Recipient recipient{*types::Mailbox::parse("bob@dest.test"), {}, std::nullopt};
    message.envelope.recipients.push_back(std::move(recipient));
    io::BodyWriter body = queue->begin(when);
    auto accepted = co_await queue->accept(std::move(message), std::move(body));
    EXPECT_TRUE(accepted.has_value());
  }
  io::Task<> count(types::QueueCounts& out) {
    auto counted = co_await queue->counts(clock.now());
    EXPECT_TRUE(counted.has_value());
    out = *counted;
  }
  io::Task<> drop_table() {
    io::Writer::Work work = [](io::Database& database) { return database.script("DROP TABLE recipient"); };
    auto dropped = co_await store->writer().write(std::move(work));
    EXPECT_TRUE(dropped.has_value());
  }
  std::string directory_;
};

TEST(Scheduler, never_more_at_once_than_may_be) {
  Rig rig({.concurrent = 3, .per_hop = 20});
  for (int i = 0; i < 10; ++i) rig.add("hop" + std::to_string(i) + ".test");
  rig.scheduler->start();
  for (std::size_t started = 3; started <= 10; ++started) {
    ASSERT_TRUE(rig.deliveries->wait_for_started(started)) << started;
    rig.deliveries->let_go(1);
    ASSERT_TRUE(rig.deliveries->wait_for_finished(started - 2)) << started;
  }
  rig.deliveries->let_go(2);
  ASSERT_TRUE(rig.deliveries->wait_for_finished(10));
  EXPECT_EQ(rig.deliveries->most, 3U);
  EXPECT_EQ(rig.deliveries->started, 10U);
  EXPECT_EQ(rig.deliveries->by_thread.size(), 2U) << "spread over the reactors";
  EXPECT_EQ(rig.counts().waiting, 0U);
}

TEST(Scheduler, one_slow_destination_does_not_hold_up_the_others) {
  Rig rig({.concurrent = 10, .per_hop = 2});
  for (int i = 0; i < 6; ++i) rig.add("slow.test");
  for (int i = 0; i < 2; ++i) rig.add("other.test");
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(4));
  EXPECT_EQ(rig.deliveries->most_at_hop["other.test"], 2U);
  for (std::size_t finished = 1; finished <= 8; ++finished) {
    ASSERT_TRUE(rig.deliveries->wait_for_started(std::min<std::size_t>(8, finished)));
    rig.deliveries->let_go(1);
    ASSERT_TRUE(rig.deliveries->wait_for_finished(finished)) << "a delivery that ended makes room for the next without anybody's wake()";
  }
  EXPECT_EQ(rig.deliveries->most_at_hop["slow.test"], 2U);
}

TEST(Scheduler, a_large_tenant_does_not_stand_before_a_small_one) {
  Rig rig({.concurrent = 9, .per_hop = 9});
  for (int i = 0; i < 40; ++i) rig.add("d" + std::to_string(i % 4) + ".test", 0ms, "large");
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(7)) << "one tenant, unknown destinations: three quarters of the places";
  rig.on_home([] {});
  EXPECT_EQ(rig.deliveries->started, 7U);
  rig.add("small.test", 0ms, "small");
  rig.scheduler->wake();
  ASSERT_TRUE(rig.wait_until_known("small.test"));
  rig.deliveries->let_go(2);
  ASSERT_TRUE(rig.deliveries->wait_for_finished(2));
  ASSERT_TRUE(rig.deliveries->wait_for_started(9));
  EXPECT_EQ(rig.deliveries->most_at_hop["small.test"], 1U) << "of two places that came free one was its, whatever 33 others wait for";
}

TEST(Scheduler, mail_for_a_hop_that_rests_goes_by_untried) {
  Rig rig({.concurrent = 50, .per_hop = 20});
  rig.deliveries->hear = [&rig](const types::DueRecipients& due) {
    if (due.not_now || due.hop.text != "dead.test") return;
    pace::Signal signal{pace::Heard::no_connection, {}, rig.clock.now(), types::Fault{}};
    signal.fault->sentence = "gave no connection";
    rig.scheduler->hear(due.hop, signal);
  };
  for (int i = 0; i < 30; ++i) rig.add("dead.test");
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(5)) << "nobody knows it: five at once";
  for (std::size_t ended = 1; ended <= 5; ++ended) {
    rig.deliveries->let_go(1);
    ASSERT_TRUE(rig.deliveries->wait_for_finished(ended));
  }
  ASSERT_TRUE(rig.deliveries->wait_for_finished(25)) << "let go by nobody";
  EXPECT_GE(rig.deliveries->put_off, 20U);
  std::vector<pace::HopFacts> facts;
  rig.on_home([&] { facts = rig.scheduler->hops(); });
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_TRUE(facts[0].pace.rests_until.has_value());
  EXPECT_EQ(facts[0].pace.last_failure->fault.sentence, "gave no connection");
}

TEST(Scheduler, new_mail_wakes_it) {
  Rig rig({});
  rig.scheduler->start();
  rig.on_home([] {});
  rig.add("dest.test");
  rig.scheduler->wake();
  EXPECT_TRUE(rig.deliveries->wait_for_started(1)) << "it would have slept a minute";
}

TEST(Scheduler, sleeps_until_the_next_is_due) {
  Rig rig({});
  const Instant due = rig.add("dest.test", 150ms);
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(1)) << "nobody wakes it but its own timer";
  EXPECT_GE(rig.deliveries->last_start, due);
  EXPECT_EQ(rig.counts().claimed, 1U);
}

TEST(Scheduler, what_is_not_due_is_not_handed_out) {
  Rig rig({});
  rig.add("later.test", 1h);
  rig.add("now.test");
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(1));
  rig.deliveries->let_go(1);
  ASSERT_TRUE(rig.deliveries->wait_for_finished(1));
  rig.scheduler->stop(patience);
  EXPECT_EQ(rig.deliveries->started, 1U);
  EXPECT_EQ(rig.counts().waiting, 1U);
}

TEST(Scheduler, stopping_lets_a_delivery_finish) {
  Rig rig({});
  rig.add("dest.test");
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(1));
  auto stopped = std::async(std::launch::async, [&rig] { rig.scheduler->stop(patience); });
  rig.deliveries->let_go(1);
  stopped.wait();
  EXPECT_EQ(rig.deliveries->finished, 1U);
  EXPECT_EQ(rig.counts().waiting, 0U);
}

TEST(Scheduler, stopping_ends_a_delivery_that_never_ends) {
  Rig rig({});
  for (int i = 0; i < 4; ++i) rig.add("dest" + std::to_string(i) + ".test");
  rig.scheduler->start();
  ASSERT_TRUE(rig.deliveries->wait_for_started(4));
  rig.scheduler->stop(0ms);
  EXPECT_EQ(rig.deliveries->inside(), 0U) << "cancelled, unwound and waited for";
  EXPECT_EQ(rig.deliveries->finished, 0U);
  EXPECT_EQ(rig.counts().waiting, 4U) << "nothing is lost: all of it is due at the next start";
  rig.add("new.test");
  rig.scheduler->wake();
  rig.on_home([] {});
  EXPECT_EQ(rig.deliveries->started, 4U) << "a stopped scheduler takes no more";
}

TEST(Scheduler, a_store_that_cannot_be_read_does_not_make_it_spin) {
  io::ManualClock clock(*parse_rfc3339("2026-11-23T12:00:00Z"));
  Rig rig({}, &clock);
  rig.break_queue();
  rig.scheduler->start();
  ASSERT_TRUE(rig.log.wait_for(claim_failed, 1));
  for (int i = 0; i < 200; ++i) {
    rig.scheduler->wake();
    rig.on_home([] {});
  }
  EXPECT_EQ(rig.log.count(claim_failed), 1) << "wakes do not shorten the pause";
  for (int again = 2; again <= 3; ++again) {
    rig.on_home([&clock] { clock.advance(1s); });
    rig.scheduler->wake();
    ASSERT_TRUE(rig.log.wait_for(claim_failed, again)) << "and it goes on trying";
  }
}

}  // namespace
}  // namespace danewerk::service
