#include "io/store/bodies_ahead.h"

#include <gtest/gtest.h>

namespace danewerk::io {
namespace {

types::QueueId id(std::int64_t number) { return types::QueueId::from_number(1'000'000 + number); }

TEST(BodiesAhead, a_body_is_given_once) {
  BodiesAhead ahead;
  ahead.put(id(1), {"Received: x\r\n", "text"});
  const auto body = ahead.take(id(1));
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->prepended, "Received: x\r\n");
  EXPECT_EQ(body->octets, "text");
  EXPECT_FALSE(ahead.take(id(1)).has_value());
  EXPECT_EQ(ahead.octets(), 0U);
}

TEST(BodiesAhead, what_nobody_asks_for_gives_way_and_costs_no_more_than_its_bound) {
  BodiesAhead ahead(10'000);
  for (std::int64_t i = 0; i < 100; ++i) ahead.put(id(i), {"", std::string(1000, 'x')});
  EXPECT_EQ(ahead.octets(), 10'000U);
  EXPECT_FALSE(ahead.take(id(0)).has_value());
  EXPECT_TRUE(ahead.take(id(99)).has_value());
}

TEST(BodiesAhead, one_that_is_never_asked_for_does_not_keep_the_places_of_others) {
  BodiesAhead ahead;
  ahead.put(id(0), {"", "forgotten"});
  for (std::int64_t i = 1; i <= static_cast<std::int64_t>(BodiesAhead::most_entries) + 1; ++i) {
    ahead.put(id(i), {"", "x"});
    ASSERT_TRUE(ahead.take(id(i)).has_value());
  }
  EXPECT_FALSE(ahead.take(id(0)).has_value());
}

TEST(BodiesAhead, large_ones_are_left_where_they_are) {
  BodiesAhead ahead;
  ahead.put(id(1), {"", std::string(BodiesAhead::largest + 1, 'x')});
  EXPECT_FALSE(ahead.take(id(1)).has_value());
}

}  // namespace
}  // namespace danewerk::io
