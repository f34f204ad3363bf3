#include "service/edge/door.h"

#include <gtest/gtest.h>

#include <vector>

#include "service/edge/body_pace.h"

namespace danewerk::service {
namespace {

types::IpAddress ip(const char* text) { return *types::IpAddress::parse(text); }

TEST(Door, bounds_all_and_each_peer) {
  Door door({.in_all = 3, .per_peer = 2});
  std::vector<Door::Pass> inside;
  const auto enter = [&](const char* peer) -> std::string {
    auto pass = door.enter(ip(peer));
    if (!pass) return pass.error().to_string().substr(0, 9);
    inside.push_back(*std::move(pass));
    return "in";
  };
  EXPECT_EQ(enter("192.0.2.1"), "in");
  EXPECT_EQ(enter("192.0.2.1"), "in");
  EXPECT_EQ(enter("192.0.2.1"), "421 4.7.0");
  EXPECT_EQ(enter("192.0.2.2"), "in");
  EXPECT_EQ(enter("192.0.2.3"), "421 4.3.2");
  EXPECT_EQ(door.inside(), 3U);
  inside.pop_back();
  EXPECT_EQ(enter("192.0.2.3"), "in");
  inside.clear();
  EXPECT_EQ(door.inside(), 0U);
  EXPECT_EQ(enter("192.0.2.1"), "in");
}

TEST(Door, an_ipv6_peer_is_its_64) {
  Door door({.in_all = 9, .per_peer = 1});
  auto first = door.enter(ip("2001:db8:1:2::1"));
  EXPECT_TRUE(first.has_value());
  EXPECT_FALSE(door.enter(ip("2001:db8:1:2:ffff::2")).has_value());
  EXPECT_TRUE(door.enter(ip("2001:db8:1:3::1")).has_value());
}

TEST(BodyPace, sixteen_kilobytes_a_minute) {
  using namespace std::chrono_literals;
  BodyPace pace({ByteCount{16384}, 60s});
  pace.begin();
  EXPECT_TRUE(pace.keeps(1, 59s));
  EXPECT_EQ(pace.left(), 1s);
  EXPECT_FALSE(pace.keeps(1, 1s));
  pace.begin();
  EXPECT_TRUE(pace.keeps(16384, 30s));
  EXPECT_TRUE(pace.keeps(0, 30s));
  EXPECT_TRUE(pace.keeps(0, 59s)) << "a new window";
  EXPECT_FALSE(pace.keeps(0, 1s));
}

}  // namespace
}  // namespace danewerk::service
