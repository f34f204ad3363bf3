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

/// Counts how many of it live.
struct Counted {
  explicit Counted(int& living) : living_(&living) { ++living; }
  Counted(const Counted& other) : living_(other.living_) { ++*living_; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*living_; }
  int* living_;
};

TEST(Result, what_it_holds_lives_once_through_copies_moves_and_changes) {
  int living = 0;
  const Failure<Error> failure = fail(ErrorKind::refused, "longer than what a string keeps within itself");
  {
    Result<Counted> held{Counted(living)}, failed = failure;
    EXPECT_EQ(living, 1);
    Result<Counted> other = held;
    EXPECT_EQ(living, 2);
    other = failed;
    EXPECT_EQ(living, 1);
    EXPECT_EQ(other.error(), failure.error);
    failed = held;
    EXPECT_EQ(living, 2);
    failed = std::move(other);
    EXPECT_EQ(failed.error(), failure.error);
    held = std::move(failed);
    EXPECT_EQ(living, 0);
    Result<Counted>& itself = held;
    held = itself;
    held = std::move(itself);
    EXPECT_EQ(held.error(), failure.error);
  }
  EXPECT_EQ(living, 0);
}

TEST(Result, of_what_can_only_be_moved_and_of_nothing) {
  using Owner = std::unique_ptr<int>;
  static_assert(!std::is_copy_constructible_v<Result<Owner>> && std::is_nothrow_move_constructible_v<Result<Owner>>);
  Result<Owner> first = std::make_unique<int>(7);
  Result<Owner> second = std::move(first);
  EXPECT_EQ(**second, 7);
  second = fail(ErrorKind::timeout, "late");
  EXPECT_EQ(second.error().kind, ErrorKind::timeout);
  Result<void> done;
  EXPECT_TRUE(done.has_value());
  done = fail(ErrorKind::timeout, "late");
  EXPECT_EQ(done.error().what, "late");
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
