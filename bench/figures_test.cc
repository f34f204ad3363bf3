#include "figures.h"

#include <gtest/gtest.h>

namespace danewerk::bench {
namespace {

TEST(Latencies, PercentilesAreTheNearestRank) {
  Latencies samples;
  for (int value = 100; value >= 1; --value) samples.add(Instant{}, Instant{} + std::chrono::milliseconds(value));
  EXPECT_DOUBLE_EQ(samples.percentile_ms(0.50), 50.0);
  EXPECT_DOUBLE_EQ(samples.percentile_ms(0.95), 95.0);
  EXPECT_DOUBLE_EQ(samples.percentile_ms(0.99), 99.0);
  EXPECT_DOUBLE_EQ(samples.max_ms(), 100.0);
  EXPECT_DOUBLE_EQ(Latencies().percentile_ms(0.5), 0.0);
}

TEST(Record, EscapesWhatJsonForbids) {
  Record out;
  out.put("a\"b", "line\nbreak\\").put("n", 3).put("yes", true).put("nested", Record().put("x", 0.5));
  EXPECT_EQ(out.json(), "{\"a\\\"b\": \"line\\u000abreak\\\\\", \"n\": 3, \"yes\": true, \"nested\": {\"x\": 0.500000}}");
}

}  // namespace
}  // namespace danewerk::bench
