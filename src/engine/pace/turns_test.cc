// Turns in virtual time: lanes with so much mail, hops that take so long, and what waited how long.
#include "engine/pace/turns.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace danewerk::pace {
namespace {

using namespace std::chrono_literals;
using namespace types;

const Instant opening{std::chrono::hours{490'000}};

/// Plays store, scheduler and destinations. Mail is a number in a lane; each hop takes a time and has an end.
class Play {
 public:
  explicit Play(Limits limits) : turns(limits) {}

  struct Hop {
    Duration takes = 50ms;
    Heard end = Heard::delivered;
  };

  void mail(const std::string& tenant, const std::string& hop, std::size_t count) {
    const Lane lane = lane_of(tenant, hop);
    auto& line = waiting_[lane];
    for (std::size_t i = 0; i < count; ++i) line.push_back(now);
    turns.note(lane, now);
  }

  void run_until(Instant end) {
    while (true) {
      hand_out();
      Instant next = under_way_.empty() ? end : under_way_.begin()->first;
      if (const auto wake = turns.next_wake()) next = std::min(next, std::max(*wake, now));
      if (next >= end) break;
      now = next;
      if (!under_way_.empty() && under_way_.begin()->first <= now) finish();
    }
    now = end;
  }

  static Lane lane_of(const std::string& tenant, const std::string& hop) { return {*TenantId::parse(tenant), {hop}}; }

  Turns turns;
  Instant now = opening;
  std::map<std::string, Hop> hops;
  std::map<std::string, std::size_t> done;         ///< by tenant
  std::map<std::string, std::size_t> begun_at;     ///< by hop, really tried
  std::map<std::string, std::size_t> put_off;      ///< by hop, ended without a try because it rests
  std::map<std::string, Duration> longest_wait;    ///< by tenant, from mail() to the beginning of its delivery
  std::map<std::string, std::size_t> most_inside;  ///< by hop
  std::size_t most = 0;
  std::size_t decisions = 0;

 private:
  struct Going {
    Lane lane;
    Instant began;
    bool tried;
  };

  void hand_out() {
    while (true) {
      ++decisions;
      const auto taken = turns.take(now, 200);
      if (taken.empty()) return;
      for (const Turn& turn : taken) claim(turn);
    }
  }
  void claim(const Turn& turn) {
    auto& line = waiting_[turn.lane];
    const std::size_t got = std::min(turn.most, line.size());
    const bool tried = !turns.rests(turn.lane.hop, now);
    const std::string& tenant = turn.lane.tenant.text();
    for (std::size_t i = 0; i < got; ++i) {
      longest_wait[tenant] = std::max(longest_wait[tenant], now - line.front());
      line.pop_front();
      under_way_.emplace(now + (tried ? hops[turn.lane.hop.text].takes : 1ms), Going{turn.lane, now, tried});
      auto& inside = inside_[turn.lane.hop.text];
      most_inside[turn.lane.hop.text] = std::max(most_inside[turn.lane.hop.text], ++inside);
      ++(tried ? begun_at : put_off)[turn.lane.hop.text];
    }
    most = std::max(most, under_way_.size());
    turns.claimed(turn.lane, got, line.empty() ? std::nullopt : std::optional(now), now);
  }
  void finish() {
    const Going going = under_way_.begin()->second;
    under_way_.erase(under_way_.begin());
    const Hop& hop = hops[going.lane.hop.text];
    Signal signal{hop.end, Complaint::unspecific, going.began, std::nullopt};
    if (hop.end != Heard::delivered) signal.fault.emplace();
    if (going.tried) turns.hear(going.lane.hop, signal, now);
    if (going.tried && hop.end == Heard::delivered) ++done[going.lane.tenant.text()];
    --inside_[going.lane.hop.text];
    turns.ended(going.lane, now);
  }

  std::map<Lane, std::deque<Instant>> waiting_;
  std::map<std::string, std::size_t> inside_;
  std::multimap<Instant, Going> under_way_;
};

TEST(Turns, where_nothing_may_be_delivered_nobody_is_woken_for_it) {
  Turns turns({.concurrent = 0, .per_hop = 20});
  turns.note(Play::lane_of("contoso", "a.test"), opening);
  EXPECT_TRUE(turns.take(opening, 100).empty());
  const auto wake = turns.next_wake();
  EXPECT_TRUE(!wake || *wake > opening + 10ms);
}

TEST(Turns, a_tenant_with_very_much_mail_does_not_delay_another) {
  Play play({.concurrent = 100, .per_hop = 20});
  for (int i = 0; i < 50; ++i) play.mail("large", "d" + std::to_string(i) + ".test", 20'000);  // a million
  play.run_until(opening + 3s);
  for (int second = 0; second < 10; ++second) {
    play.mail("small", "own" + std::to_string(second % 7) + ".test", 3);
    play.run_until(play.now + 1s);
  }
  EXPECT_EQ(play.done["small"], 30U);
  EXPECT_LE(play.longest_wait["small"], 50ms) << "some places are always free for who is not there";
  EXPECT_GT(play.done["large"], 15'000U) << "while the large one has nearly all the rest: 85 places, 20 a second each";
  EXPECT_LE(play.most, 100U);
}

TEST(Turns, who_waits_among_the_unproven_comes_before_who_has_just_had_a_place) {
  Turns turns({.concurrent = 9, .per_hop = 9});
  std::vector<Lane> large;
  for (int i = 0; i < 4; ++i) large.push_back(Play::lane_of("large", "d" + std::to_string(i) + ".test"));
  for (const Lane& lane : large) turns.note(lane, opening);
  std::size_t begun = 0;
  for (const Turn& turn : turns.take(opening, 200)) {
    turns.claimed(turn.lane, turn.most, opening, opening);
    begun += turn.most;
  }
  ASSERT_EQ(begun, 7U) << "three quarters of the places";
  const Lane small = Play::lane_of("small", "small.test");
  turns.note(small, opening);
  ASSERT_TRUE(turns.take(opening, 200).empty());
  turns.ended(large[0], opening);
  const auto first = turns.take(opening, 200);
  ASSERT_EQ(first.size(), 1U) << "to the lane that has waited longest, of the large tenant";
  turns.ended(large[1], opening);  // while the first is still being claimed
  turns.claimed(first[0].lane, 1, opening, opening);
  const auto second = turns.take(opening, 200);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].lane, small) << "the lane that was just claimed has more mail, and is due, but stands behind it";
}

TEST(Turns, tenants_at_one_hop_take_turns_in_it) {
  Play play({.concurrent = 100, .per_hop = 10});
  play.mail("large", "big.test", 100'000);
  play.run_until(opening + 10s);
  play.mail("small", "big.test", 100);
  play.run_until(opening + 12s);
  EXPECT_EQ(play.done["small"], 100U) << "10 places, 20 a second each, half of them: not behind 100 000 others";
  EXPECT_LE(play.most_inside["big.test"], 10U);
}

TEST(Turns, one_dead_destination_costs_little_and_its_mail_goes_by) {
  Play play({.concurrent = 20, .per_hop = 20});
  play.hops["dead.test"] = {30s, Heard::no_connection};
  play.mail("a", "dead.test", 10'000);
  play.run_until(opening + 5min);
  EXPECT_LT(play.begun_at["dead.test"], 20U) << "timeouts";
  EXPECT_GT(play.put_off["dead.test"], 9'900U) << "the rest is not kept waiting: each goes by its own schedule";
  play.mail("a", "dead.test", 100);
  play.mail("b", "good.test", 1000);
  const Instant began = play.now;
  play.run_until(began + 10s);
  EXPECT_EQ(play.done["b"], 1000U);
}

TEST(Turns, a_thousand_dead_destinations_do_not_hold_up_those_that_are_alive) {
  Play play({.concurrent = 100, .per_hop = 20});
  play.mail("a", "good.test", 100);
  play.run_until(opening + 5s);  // it has proven itself
  for (int i = 0; i < 1000; ++i) {
    const std::string hop = "dead" + std::to_string(i) + ".test";
    play.hops[hop] = {30s, Heard::no_connection};
    play.mail("a", hop, 10);
  }
  play.run_until(opening + 10s);
  for (int second = 0; second < 30; ++second) {
    play.mail("a", "good.test", 5);
    play.run_until(play.now + 1s);
  }
  EXPECT_EQ(play.done["a"], 250U);
  EXPECT_LE(play.longest_wait["a"], 40s);
  play.mail("b", "new.test", 5);
  const Instant began = play.now;
  play.run_until(began + 31s);
  EXPECT_EQ(play.done["b"], 5U) << "and a destination nobody knows yet waits for one timeout at most";
}

TEST(Turns, never_starves_and_forgets) {
  Play play({.concurrent = 1, .per_hop = 1});
  play.hops["busy.test"] = {10ms, Heard::busy};
  play.mail("a", "busy.test", 50);
  play.mail("b", "good.test", 50);
  play.run_until(opening + 3h);
  EXPECT_EQ(play.begun_at["busy.test"], 50U);
  EXPECT_EQ(play.done["b"], 50U);
  EXPECT_EQ(play.turns.lanes(), 0U) << "memory goes with what waits";
  EXPECT_EQ(play.turns.active(), 0U);
}

TEST(Turns, mail_that_comes_while_its_lane_is_asked_is_not_overlooked) {
  Turns turns({.concurrent = 10, .per_hop = 5});
  const Lane lane = Play::lane_of("a", "x.test");
  turns.note(lane, opening);
  const auto taken = turns.take(opening, 10);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].most, 5U);
  EXPECT_TRUE(turns.take(opening, 10).empty()) << "asked once at a time";
  turns.note(lane, opening + 1s);
  turns.claimed(lane, 1, std::nullopt, opening);
  EXPECT_EQ(turns.next_wake(), opening + 1s);
  EXPECT_EQ(turns.active(), 1U);
  turns.ended(lane, opening);
  EXPECT_EQ(turns.take(opening + 1s, 10).size(), 1U);
}

TEST(Turns, what_is_not_due_is_not_given) {
  Turns turns({.concurrent = 10, .per_hop = 5});
  turns.note(Play::lane_of("a", "x.test"), opening + 1h);
  EXPECT_TRUE(turns.take(opening, 10).empty());
  EXPECT_EQ(turns.next_wake(), opening + 1h);
  turns.note(Play::lane_of("a", "x.test"), opening + 1min);
  turns.note(Play::lane_of("a", "x.test"), opening + 2h);
  EXPECT_EQ(turns.next_wake(), opening + 1min);
  EXPECT_EQ(turns.take(opening + 1min, 10).size(), 1U);
}

}  // namespace
}  // namespace danewerk::pace
