#include <gtest/gtest.h>

#include <random>

#include "types/accepted_domain.h"
#include "types/queue_id.h"
#include "types/queued_message.h"
#include "types/tenant.h"

namespace danewerk::types {
namespace {

TEST(QueueId, reads_back_what_it_writes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto id = QueueId::from_number(static_cast<std::int64_t>(random() >> 1 >> (random() % 60)) | 1);
    const std::string text = id.to_string();
    EXPECT_EQ(text.size(), 13U);
    auto again = QueueId::parse(text);
    ASSERT_TRUE(again.has_value()) << text;
    EXPECT_EQ(*again, id);
  }
}

TEST(QueueId, text_order_is_number_order_and_names_its_millisecond) {
  const Instant early{std::chrono::milliseconds{1'795'000'000'000}};
  const QueueId a = QueueId::first_at(early);
  const QueueId b = QueueId::first_at(early + std::chrono::milliseconds{1});
  EXPECT_LT(a, b);
  EXPECT_LT(a.to_string(), b.to_string());
  EXPECT_EQ(b.assigned_at(), early + std::chrono::milliseconds{1});
}

TEST(QueueId, refuses_what_it_never_gave) {
  const std::string good = QueueId::from_number(12345678901234).to_string();
  EXPECT_TRUE(QueueId::parse(good).has_value());
  for (const char* bad : {"", "1", "0000000000000", "zzzzzzzzzzzzz", "000000000000u", "0000000000 01", "00000000000001"}) {
    auto parsed = QueueId::parse(bad);
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_EQ(parsed.error().kind, ErrorKind::malformed);
  }
}

TEST(TenantId, is_narrow) {
  EXPECT_EQ(TenantId::parse("Contoso-1.eu")->text(), "contoso-1.eu");
  for (const char* bad : {"", ".", "-a", "a b", "a/b", "ü"}) EXPECT_FALSE(TenantId::parse(bad).has_value()) << bad;
  EXPECT_FALSE(TenantId::parse(std::string(65, 'a')).has_value());
}

TEST(Route, reads_back_what_it_writes) {
  for (const char* text : {"lmtp:127.0.0.1:24", "smtp:192.0.2.1:25,[2001:db8::1]:2525"}) {
    auto route = Route::parse(text);
    ASSERT_TRUE(route.has_value()) << text;
    EXPECT_EQ(route->to_string(), text);
  }
  for (const char* bad : {"", "lmtp:", "http:127.0.0.1:24", "smtp:192.0.2.1:25,", "smtp:mail.example:25"}) {
    EXPECT_FALSE(Route::parse(bad).has_value()) << bad;
  }
}

TEST(CodePattern, is_a_code_or_a_kind_of_codes) {
  for (const char* good : {"4.7.323", "4.7.*", "4.*", "*.7.323", "5.4.300", "4.7.32*"}) EXPECT_TRUE(parse_code_pattern(good).has_value()) << good;
  for (const char* bad : {"", "4", "4.7", "7.7.1", "4.x", "4.7.3234", "4.7.323.*", "[4].7.1", "4.7.?"})
    EXPECT_FALSE(parse_code_pattern(bad).has_value()) << bad;
}

}  // namespace
}  // namespace danewerk::types
