// What a decision about a destination costs: round trips to the resolver when it is cold, nothing but arithmetic when warm.
#include <chrono>
#include <iostream>

#include "service/delivery/gather.h"
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

constexpr Duration round_trip = std::chrono::milliseconds(10);

/// A resolver that is one round trip away, in virtual time.
class FarResolver final : public io::dns::Resolver {
 public:
  FarResolver(io::dns::Resolver& behind, io::Clock& clock) : behind_(behind), clock_(clock) {}
  io::Task<types::Lookup> ask(types::DnsQuestion question) override {
    co_await clock_.sleep_for(round_trip);
    co_return co_await behind_.ask(std::move(question));
  }

 private:
  io::dns::Resolver& behind_;
  io::Clock& clock_;
};

void five_hosts(World& world) {
  world.knows("zone dest.test secure\n");
  for (const std::string host : {"a", "b", "c", "d", "e"}) {
    world.knows("dest.test MX secure 10 " + host + ".test\n" + host + ".test A secure 127.0.0.1\n" + host + ".test AAAA secure ::1\n" +
                "_25._tcp." + host + ".test TLSA secure 3 1 1 " + std::string(64, 'a') + "\n");
  }
}

io::Task<> gather_far(World& world, FarResolver& far, std::optional<types::DestinationFacts>& facts) {
  types::NextHop next_hop = *types::NextHop::parse("dest.test");
  facts = co_await gather(far, world.clock, std::move(next_hop), world.parts->rules, types::DaneMode::opportunistic);
}

io::Task<> cold(World& world) {
  five_hosts(world);
  FarResolver far(world.resolver, world.clock);
  std::optional<types::DestinationFacts> facts;
  io::TaskGroup group(co_await io::this_executor(), "cold");
  group.spawn("gather", gather_far(world, far, facts));
  while (!facts) {
    co_await boost::asio::post(co_await io::this_executor(), boost::asio::use_awaitable_t<io::Executor>{});
    if (const auto wake = world.clock.next_wake(); wake && !facts) world.clock.advance_to(*wake);
  }
  co_await group.join();
  // RFC 7672 2.2: MX; then addresses, of all hosts at once; then, where they are secure, TLSA of all hosts at once.
  EXPECT_EQ(world.clock.now() - start, 3 * round_trip);
  EXPECT_EQ(world.resolver.asked().size(), 1U + 5 * 2 + 5);
}
TEST(Decision, cold_takes_the_three_round_trips_that_the_order_of_questions_demands) {
  World world;
  io::run_to_end(cold(world));
}

io::Task<> warm(World& world) {
  five_hosts(world);
  Plans plans(10);
  world.parts->reuse.plans = &plans;
  const types::NextHop next_hop = *types::NextHop::parse("dest.test");
  const types::MessageDemands demands;
  const Prospect first = co_await plan_for(*world.parts, next_hop, demands);
  EXPECT_EQ(first.plan.hops.size(), 5U);
  const std::size_t asked = world.resolver.asked().size();
  constexpr int times = 5000;
  std::map<std::string, int> led;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) {
    const Prospect again = co_await plan_for(*world.parts, next_hop, demands);
    ++led[again.plan.hops.front().to_string()];
  }
  const auto each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began) / times;
  EXPECT_EQ(world.resolver.asked().size(), asked) << "a warm decision asks nobody";
  EXPECT_EQ(led.size(), 5U);
  for (const auto& [host, count] : led) EXPECT_GT(count, times / 10) << host << ": equal preferences are shuffled for every message (RFC 5321 5.1)";
  std::cout << "warm decision, five hosts with DANE: " << each.count() << " us\n";
}
TEST(Decision, warm_asks_nobody_and_still_spreads_over_equal_hosts) {
  World world;
  io::run_to_end(warm(world));
}

}  // namespace
}  // namespace danewerk::service::test
