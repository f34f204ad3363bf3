#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace danewerk {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::malformed, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  TRY(int h, half(n));
  return half(h);
}

TEST(Result, try_hands_the_failure_on) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error(), (Error{ErrorKind::malformed, "odd"}));
}

TEST(Hex, round_trip_and_errors) {
  EXPECT_EQ(to_hex(*parse_hex("00 fF\t10")), "00ff10");
  EXPECT_TRUE(parse_hex("")->empty());
  EXPECT_EQ(parse_hex("0").error().kind, ErrorKind::malformed);
  EXPECT_EQ(parse_hex("0g").error().what, "character 2 is not a hexadecimal digit");
}

TEST(Base64, rfc_4648_section_10) {
  for (auto [plain, coded] : {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    EXPECT_EQ(as_text(*parse_base64(coded)), plain);
  }
  for (auto bad : {"Z", "Zg", "Zg=", "Zg==Zg==", "Z!==", "===="}) EXPECT_FALSE(parse_base64(bad)) << bad;
}

TEST(Instant, rfc_3339) {
  const Instant noon = *parse_rfc3339("2026-11-23T12:00:00Z");
  EXPECT_EQ(to_rfc3339(noon), "2026-11-23T12:00:00Z");
  EXPECT_EQ(*parse_rfc3339("2026-11-23T13:30:00+01:30"), noon);
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2026-11-23T12:00:00.12345Z")), "2026-11-23T12:00:00.123Z");
  EXPECT_EQ(to_rfc5322(noon), "Mon, 23 Nov 2026 12:00:00 +0000");
  for (auto bad : {"", "2026-11-23", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T12:00:00",
                   "2026-11-23T12:00:00.Z", "2026-11-23T12:00:00Zx", "2026-11-23T12:00:00+25:00"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

}  // namespace
}  // namespace danewerk
