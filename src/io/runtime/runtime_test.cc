#include <gtest/gtest.h>

#include <thread>

#include "io/runtime/alarm.h"
#include "io/runtime/clock.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/runtime/together.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

Task<Result<int>> number_after(Clock& clock, Duration wait, int number) {
  co_await clock.sleep_for(wait);
  co_return number;
}

Task<> mark_end(Clock& clock, Duration wait, bool& ended_early, bool& ran_on) {
  struct Mark {
    bool& flag;
    ~Mark() { flag = true; }
  } mark{ended_early};
  co_await clock.sleep_for(wait);
  co_await clock.sleep_for(1ms);
  ran_on = true;
}

Task<> group_scenario(bool& unwound, bool& ran_on) {
  SystemClock clock;
  TaskGroup group(co_await this_executor(), "test");
  EXPECT_TRUE(group.spawn("sleeper", mark_end(clock, 1h, unwound, ran_on)));
  co_await clock.sleep_for(5ms);
  EXPECT_EQ(group.size(), 1U);
  group.stop();
  co_await group.join();
  EXPECT_FALSE(group.spawn("late", mark_end(clock, 1h, unwound, ran_on)));
}

TEST(TaskGroup, stop_cancels_and_join_waits) {
  bool unwound = false;
  bool ran_on = false;
  run_to_end(group_scenario(unwound, ran_on));
  EXPECT_TRUE(unwound);
  EXPECT_FALSE(ran_on);
}

Task<> within_scenario() {
  SystemClock clock;
  auto quick = co_await within(10s, number_after(clock, 1ms, 7));
  EXPECT_EQ(*quick, 7);
  auto slow = co_await within(5ms, number_after(clock, 1h, 7));
  EXPECT_EQ(slow.error().kind, ErrorKind::timeout);
  std::vector<Task<Result<int>>> tasks;
  tasks.push_back(number_after(clock, 3ms, 1));
  tasks.push_back(number_after(clock, 1ms, 2));
  auto both = co_await together(std::move(tasks));
  EXPECT_EQ(*both[0], 1);
  EXPECT_EQ(*both[1], 2);
  std::vector<Task<Result<int>>> none;
  EXPECT_TRUE((co_await together(std::move(none))).empty());
}

TEST(Together, results_in_order_and_deadlines) { run_to_end(within_scenario()); }

Task<> nested(Clock& clock, bool& unwound) {
  struct Mark {
    bool& flag;
    ~Mark() { flag = true; }
  } mark{unwound};
  auto never = co_await within(1h, number_after(clock, 1h, 7));
  ADD_FAILURE() << "a cancelled parent went on";
}

Task<> nested_scenario(bool& unwound) {
  SystemClock clock;
  TaskGroup group(co_await this_executor(), "test");
  group.spawn("nested", nested(clock, unwound));
  co_await clock.sleep_for(5ms);
  group.stop();
  co_await group.join();
}

TEST(Together, a_cancelled_parent_takes_its_children_along) {
  bool unwound = false;
  run_to_end(nested_scenario(unwound));
  EXPECT_TRUE(unwound);
}

Task<> completion_scenario() {
  std::thread worker;
  auto start = [&worker](Completion<Result<int>> answer) { worker = std::thread([answer] { answer(42); }); };
  auto got = co_await completed_by<Result<int>>(start);
  worker.join();
  EXPECT_EQ(*got, 42);
}

TEST(Completion, crosses_threads) { run_to_end(completion_scenario()); }

Task<> sleeper(ManualClock& clock, Instant until, std::vector<int>& order, int id) {
  co_await clock.sleep_until(until);
  order.push_back(id);
}

Task<> virtual_time_scenario(std::vector<int>& order) {
  ManualClock clock(Instant{});
  TaskGroup group(co_await this_executor(), "test");
  group.spawn("b", sleeper(clock, Instant{2h}, order, 2));
  group.spawn("a", sleeper(clock, Instant{1h}, order, 1));
  SystemClock real;
  co_await real.sleep_for(1ms);
  EXPECT_EQ(clock.next_wake(), Instant{1h});
  clock.advance(90min);
  co_await real.sleep_for(1ms);
  EXPECT_EQ(order, std::vector<int>{1});
  clock.advance(1h);
  co_await group.join();
}

TEST(ManualClock, time_moves_only_when_told) {
  std::vector<int> order;
  run_to_end(virtual_time_scenario(order));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

Task<> rest(Alarm& alarm, Clock& clock, int& woken) {
  const Instant until(1h);
  co_await alarm.sleep_until(clock, until);
  ++woken;
}

/// Until so many have woken.
Task<> woken_is(const int& woken, int count) {
  boost::asio::use_awaitable_t<Executor> token;
  while (woken < count) co_await boost::asio::post(co_await boost::asio::this_coro::executor, token);
}

Task<> alarm_scenario() {
  ManualClock clock(Instant{});
  Alarm alarm;
  int woken = 0;
  TaskGroup group(co_await this_executor(), "test");
  boost::asio::use_awaitable_t<Executor> token;
  group.spawn("rung", rest(alarm, clock, woken));
  while (!clock.next_wake()) co_await boost::asio::post(co_await boost::asio::this_coro::executor, token);
  alarm.ring();
  co_await woken_is(woken, 1);
  EXPECT_EQ(clock.next_wake(), std::nullopt) << "who was woken sleeps no more";
  alarm.ring();
  group.spawn("rung before", rest(alarm, clock, woken));
  co_await woken_is(woken, 2);
  group.spawn("in time", rest(alarm, clock, woken));
  while (!clock.next_wake()) co_await boost::asio::post(co_await boost::asio::this_coro::executor, token);
  EXPECT_EQ(woken, 2);
  clock.advance(1h);
  co_await woken_is(woken, 3);
  alarm.ring();
  co_await group.join();
}

TEST(Alarm, wakes_in_time_or_when_rung_and_keeps_a_ring) { run_to_end(alarm_scenario()); }

Task<> stopped_scenario() {
  ManualClock clock(Instant{});
  Alarm alarm;
  int woken = 0;
  TaskGroup group(co_await this_executor(), "test");
  boost::asio::use_awaitable_t<Executor> token;
  group.spawn("sleeper", rest(alarm, clock, woken));
  while (!clock.next_wake()) co_await boost::asio::post(co_await boost::asio::this_coro::executor, token);
  group.stop();
  co_await group.join();
  alarm.ring();
  EXPECT_EQ(woken, 0);
}

TEST(Alarm, a_stopped_sleeper_unwinds) { run_to_end(stopped_scenario()); }

}  // namespace
}  // namespace danewerk::io
