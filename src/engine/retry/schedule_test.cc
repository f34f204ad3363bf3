#include "engine/retry/schedule.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

#include "types/tls_failure.h"

namespace danewerk::retry {
namespace {

using namespace std::chrono_literals;
using namespace types;

const Instant start{std::chrono::hours{490'000}};

Fault fault(FaultKind kind) {
  Fault out;
  out.kind = kind;
  out.code = kind == FaultKind::policy ? EnhancedCode{4, 7, 323} : EnhancedCode{4, 4, 1};
  out.sentence = "it failed";
  return out;
}

struct Life {
  std::vector<Duration> waits;
  std::optional<GiveUp> end;
  Duration lasted{};
};

/// Tries at once on acceptance, then follows the schedule; `kind_at` says what each try meets.
template <class KindAt>
Life live(KindAt kind_at, const Schedule& schedule, Duration at_most, Seed seed = Seed{1}) {
  Life life;
  History history{start, {}};
  for (Instant now = start; now - start <= at_most;) {
    const FaultKind kind = kind_at(now - start);
    history.tries.push_back({now, kind});
    const auto step = next(history, fault(kind), schedule, now, seed);
    if (const auto* end = std::get_if<GiveUp>(&step)) {
      life.end = *end;
      life.lasted = now - start;
      break;
    }
    const Instant at = std::get<NextTry>(step).at;
    life.waits.push_back(at - now);
    EXPECT_GT(at, now);
    now = at;
  }
  return life;
}

// design.md 9.8, field.md 1.2: 15, 15, then hourly +-10 %, final at 24 h with the failure's own code.
TEST(Retry, policy_failures) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Life life = live([](Duration) { return FaultKind::policy; }, Schedule::standard(), 10 * 24h, Seed{seed});
    ASSERT_GE(life.waits.size(), 20U);
    EXPECT_EQ(life.waits[0], 15min);
    EXPECT_EQ(life.waits[1], 15min);
    for (std::size_t i = 2; i + 1 < life.waits.size(); ++i) {
      EXPECT_GE(life.waits[i], 54min);
      EXPECT_LE(life.waits[i], 66min);
    }
    ASSERT_TRUE(life.end);
    EXPECT_EQ(life.lasted, 24h) << "the last try is at the limit itself";
    EXPECT_EQ(life.end->code, (EnhancedCode{5, 7, 323}));
  }
}

TEST(Retry, the_spread_spreads) {
  std::set<Duration> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    seen.insert(live([](Duration) { return FaultKind::policy; }, Schedule::standard(), 2h, Seed{seed}).waits[2]);
  }
  EXPECT_GT(seen.size(), 40U);
}

TEST(Retry, ordinary_failures_double_and_last_five_days) {
  const Life life = live([](Duration) { return FaultKind::ordinary; }, Schedule::standard(), 30 * 24h);
  const std::vector<Duration> expected{5min, 10min, 20min, 40min, 80min, 160min};
  ASSERT_GT(life.waits.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(life.waits[i], expected[i]);
  for (std::size_t i = expected.size(); i + 1 < life.waits.size(); ++i) {
    EXPECT_GE(life.waits[i], 216min);
    EXPECT_LE(life.waits[i], 264min);
  }
  ASSERT_TRUE(life.end);
  EXPECT_EQ(life.lasted, 5 * 24h);
  EXPECT_EQ(life.end->code, (EnhancedCode{5, 4, 300}));
}

TEST(Retry, our_own_fault_never_ends_a_message) {
  const Life life = live([](Duration) { return FaultKind::ours; }, Schedule::standard(), 60 * 24h);
  EXPECT_FALSE(life.end);
  EXPECT_GT(life.waits.size(), 5000U);
}

// design.md 9.8: ten days of a sick resolver of ours are taken off both limits.
TEST(Retry, our_own_fault_stops_the_clock) {
  const auto sick = [](Duration t) { return t >= 1h && t < 241h; };
  const Life policy = live([&](Duration t) { return sick(t) ? FaultKind::ours : FaultKind::policy; },
                           Schedule::standard(), 60 * 24h);
  ASSERT_TRUE(policy.end);
  EXPECT_GE(policy.lasted, 24h + 10 * 24h - 66min);
  EXPECT_LE(policy.lasted, 24h + 10 * 24h + 66min);
  const Life ordinary = live([&](Duration t) { return sick(t) ? FaultKind::ours : FaultKind::ordinary; },
                             Schedule::standard(), 60 * 24h);
  ASSERT_TRUE(ordinary.end);
  EXPECT_GE(ordinary.lasted, 14 * 24h);
}

TEST(Retry, a_policy_failure_after_days_of_outage_still_has_its_own_day) {
  const Life life = live([](Duration t) { return t < 48h ? FaultKind::ordinary : FaultKind::policy; },
                         Schedule::standard(), 60 * 24h);
  ASSERT_TRUE(life.end);
  EXPECT_GE(life.lasted, 72h);
  EXPECT_LE(life.lasted, 77h);
  EXPECT_EQ(life.end->code, (EnhancedCode{5, 7, 323}));
}

TEST(Retry, nobody_outlives_the_general_limit_by_alternating) {
  int round = 0;
  const Life life = live([&round](Duration) { return ++round % 3 ? FaultKind::policy : FaultKind::ordinary; },
                         Schedule::standard(), 60 * 24h);
  ASSERT_TRUE(life.end);
  EXPECT_EQ(life.lasted, 5 * 24h);
}

TEST(Retry, a_permanent_fault_is_final_at_once) {
  Fault never = fault(FaultKind::ordinary);
  never.lasting = Lasting::permanent;
  never.code = {5, 1, 10};
  const auto step = next({start, {{start, FaultKind::ordinary}}}, never, Schedule::standard(), start, Seed{0});
  EXPECT_EQ(std::get<GiveUp>(step).code, (EnhancedCode{5, 1, 10}));
}

// field.md 1.2: each failure of a policy ends with the same code in class 5, never with a general one; SMTP-05
TEST(Retry, every_policy_failure_ends_with_its_own_code) {
  std::set<std::string> seen;
  std::vector<EnhancedCode> codes{{4, 4, 8}, {4, 7, 5}};  // MX not in the MTA-STS policy, certificate not trusted under it
  for (const auto failure : {TlsFailure::starttls_not_supported, TlsFailure::certificate_host_mismatch, TlsFailure::certificate_expired,
                             TlsFailure::tlsa_invalid, TlsFailure::dnssec_invalid, TlsFailure::dane_required}) {
    codes.push_back(code_for(failure));
  }
  for (const EnhancedCode code : codes) {
    Fault policy = fault(FaultKind::policy);
    policy.code = code;
    const Instant late = start + 24h;
    const auto step = next({start, {{start, FaultKind::policy}, {late, FaultKind::policy}}}, policy, Schedule::standard(), late, Seed{0});
    ASSERT_TRUE(std::holds_alternative<GiveUp>(step)) << code.to_string();
    EXPECT_EQ(std::get<GiveUp>(step).code, code.permanent());
    seen.insert(std::get<GiveUp>(step).code.to_string());
  }
  for (const char* wanted : {"5.7.321", "5.7.322", "5.7.323", "5.7.324", "5.7.325", "5.4.8", "5.7.5"}) EXPECT_TRUE(seen.contains(wanted)) << wanted;
}

// RFC 3464 2.3.9: what Will-Retry-Until says is when next() ends it, under whichever limit comes first
TEST(Retry, it_is_known_when_it_will_be_given_up) {
  for (const FaultKind kind : {FaultKind::policy, FaultKind::ordinary}) {
    const Schedule schedule = Schedule::standard();
    History history{start, {}};
    Instant now = start;
    std::optional<Instant> told;
    while (true) {
      history.tries.push_back({now, kind});
      const auto said = given_up_at(history, fault(kind), schedule, now);
      ASSERT_TRUE(said.has_value());
      EXPECT_EQ(told.value_or(*said), *said);
      told = said;
      const auto step = next(history, fault(kind), schedule, now, Seed{3});
      if (std::holds_alternative<GiveUp>(step)) break;
      now = std::get<NextTry>(step).at;
    }
    EXPECT_EQ(told, now);
  }
  EXPECT_FALSE(given_up_at({start, {{start, FaultKind::ours}}}, fault(FaultKind::ours), Schedule::standard(), start).has_value());
  const History alternating{start, {{start, FaultKind::ordinary}, {start + 110h, FaultKind::policy}}};
  EXPECT_EQ(given_up_at(alternating, fault(FaultKind::policy), Schedule::standard(), start + 110h), start + 120h) << "the general limit comes first";
}

/// How long until the next try after the `failures`-th policy failure of a run, where the broken record runs out after `ttl`.
Duration wait_with_ttl(std::size_t failures, Duration ttl, FaultKind kind = FaultKind::policy) {
  History history{start, {}};
  for (std::size_t i = 0; i < failures; ++i) history.tries.push_back({start + 15min * i, kind});
  const Instant now = history.tries.back().at;
  Fault broken = fault(kind);
  broken.recheck_at = now + ttl;
  return std::get<NextTry>(next(history, broken, Schedule::standard(), now, Seed{1})).at - now;
}

// design.md 9.8: early recheck when the TTL of a broken record runs out
TEST(Retry, a_broken_record_is_asked_for_again_when_it_runs_out) {
  EXPECT_EQ(wait_with_ttl(1, 5min), 5min);
  EXPECT_EQ(wait_with_ttl(2, 14min), 14min);
  EXPECT_EQ(wait_with_ttl(1, 2h), 15min) << "never later than the schedule's";
  EXPECT_EQ(wait_with_ttl(1, 3s), 1min) << "never a try a second";
  EXPECT_EQ(wait_with_ttl(1, -1h), 1min) << "run out already";
  EXPECT_EQ(wait_with_ttl(5, 40min), 40min);
  EXPECT_GE(wait_with_ttl(5, 3s), 54min / 4) << "a short TTL does not make a try a minute for a whole day";
  EXPECT_LE(wait_with_ttl(5, 3s), 66min / 4);
  EXPECT_EQ(wait_with_ttl(1, 3s, FaultKind::ours), 1min) << "our own fault has a course of its own";
}

TEST(Retry, an_early_recheck_does_not_move_the_limit) {
  History history{start, {{start, FaultKind::policy}}};
  Fault broken = fault(FaultKind::policy);
  Instant now = start;
  for (int tries = 1;; ++tries) {
    ASSERT_LT(tries, 200);
    broken.recheck_at = now + 30s;
    const auto step = next(history, broken, Schedule::standard(), now, Seed{3});
    if (std::holds_alternative<GiveUp>(step)) break;
    now = std::get<NextTry>(step).at;
    history.tries.push_back({now, FaultKind::policy});
  }
  EXPECT_EQ(now - start, 24h);
  EXPECT_LT(history.tries.size(), 110U);
}

TEST(Retry, the_lab_may_be_in_a_hurry) {
  Schedule fast = Schedule::standard();
  fast.policy = fast.ordinary = {{}, 2s, 0, 60s};
  const Life life = live([](Duration) { return FaultKind::policy; }, fast, 10min);
  EXPECT_EQ(life.waits.front(), 2s);
  EXPECT_EQ(life.lasted, 60s);
}

}  // namespace
}  // namespace danewerk::retry
