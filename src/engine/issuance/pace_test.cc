// A CA is never asked more often than it allows, and never too late.
#include "engine/issuance/pace.h"

#include <gtest/gtest.h>

namespace danewerk::issuance {
namespace {

using namespace std::chrono_literals;

const Instant now = *parse_rfc3339("2026-11-27T12:00:00Z");
const Limits limits;

OrderFact good(Duration ago) { return {now - ago, now - ago + 1min, "", {}}; }
OrderFact bad(Duration ago) { return {now - ago, now - ago + 1min, "the CA said no", {}}; }

OrderFact running(Duration ago) { return {now - ago, {}, "", {}}; }

Instant next(const std::vector<OrderFact>& orders, double spread = 0) { return next_order(orders, limits, spread, now).when; }

TEST(Pace, asks_at_once_the_first_time_and_after_a_success) {
  EXPECT_EQ(next({}), now);
  EXPECT_EQ(next({good(2h)}), now);
}

TEST(Pace, one_order_at_a_time_unless_a_crash_cut_it_off) {
  EXPECT_EQ(next({running(5min)}), now + 10min);
  EXPECT_EQ(next({running(20min)}), now - 5min + 10min) << "cut off counts as a failure";
  EXPECT_EQ(next({running(2h)}), now);
}

TEST(Pace, waits_longer_after_each_failure_up_to_a_day) {
  EXPECT_EQ(next({bad(1min)}), now + 10min);
  EXPECT_EQ(next({bad(1min)}, 0.5), now + 11min);
  EXPECT_EQ(next({bad(3h), bad(2h), bad(1min)}), now + 40min);
  EXPECT_EQ(next({bad(3h), good(2h), bad(1min)}), now + 10min) << "a success ends the run";
  std::vector<OrderFact> many;
  for (int i = 0; i < 40; ++i) many.push_back(bad(1h * (24 * 400 - 240 * i)));
  many.push_back(bad(1min));
  EXPECT_EQ(next(many), now + 24h);
}

TEST(Pace, honours_what_the_ca_said) {  // RFC 8555 6.6
  OrderFact limited = bad(1min);
  limited.not_before = now + 3h;
  EXPECT_EQ(next({limited}), now + 3h);
  limited.not_before = now + 1min;
  EXPECT_EQ(next({limited}), now + 10min);
}

TEST(Pace, never_more_than_so_many_a_week) {
  EXPECT_EQ(next({good(200h), good(100h), good(80h), good(60h), good(40h)}), now) << "four within the week";
  EXPECT_EQ(next({good(120h), good(100h), good(80h), good(60h), good(40h)}), now - 120h + 168h);
  EXPECT_EQ(next({good(130h), good(120h), good(100h), good(80h), good(60h), good(40h)}), now - 120h + 168h);
}

TEST(Pace, renews_with_a_third_left) {
  EXPECT_EQ(renewal_of(now, now + 90 * 24h), now + 60 * 24h);
  EXPECT_EQ(renewal_of(now, now + 6 * 24h), now + 4 * 24h);
  EXPECT_EQ(renewal_of(now, now + 365 * 24h), now + 335 * 24h);
}

}  // namespace
}  // namespace danewerk::issuance
