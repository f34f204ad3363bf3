#include "base/clock_fault.h"

#include <gtest/gtest.h>

namespace danewerk {
namespace {

const Instant today = std::chrono::sys_days(std::chrono::year{2026} / 11 / 27);

TEST(ClockFault, a_clock_that_runs_is_trusted) {
  EXPECT_FALSE(clock_fault(today, Duration{}));
  EXPECT_FALSE(clock_fault(today, most_clock_drift));
  EXPECT_FALSE(clock_fault(today, -most_clock_drift));
}

TEST(ClockFault, a_clock_before_the_first_release_is_not) {
  const auto fault = clock_fault(Instant{}, Duration{});
  ASSERT_TRUE(fault);
  EXPECT_NE(fault->find("1970-01-01"), std::string::npos) << *fault;
  EXPECT_NE(fault->find("set it right"), std::string::npos) << *fault;
}

TEST(ClockFault, a_clock_that_was_moved_either_way_is_not) {
  for (const Duration moved : {std::chrono::hours(1), -std::chrono::hours(1)}) {
    const auto fault = clock_fault(today, Duration(moved));
    ASSERT_TRUE(fault);
    EXPECT_NE(fault->find("moved by"), std::string::npos) << *fault;
  }
}

}  // namespace
}  // namespace danewerk
