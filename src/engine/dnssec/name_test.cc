#include "engine/dnssec/name.h"

#include <gtest/gtest.h>

namespace danewerk::engine::dnssec {
namespace {

// RFC 4034 6.1: the order of its own example
TEST(Name, canonical_order) {
  const char* ordered[] = {"example.", "a.example.", "yljkjljk.a.example.", "z.a.example.", "zabc.a.example.", "z.example.", "\\001.z.example.",
                           "*.z.example.", "\\200.z.example."};
  for (std::size_t i = 0; i + 1 < std::size(ordered); ++i) {
    EXPECT_LT(*Name::parse(ordered[i]), *Name::parse(ordered[i + 1])) << ordered[i];
  }
}

TEST(Name, has_one_spelling) {
  for (const char* good : {".", "a.", "_25._tcp.mx.a.", "*.a.", "a\\046b.c.", "\\000.a."}) {
    const auto name = Name::parse(good);
    ASSERT_TRUE(name.has_value()) << good;
    EXPECT_EQ(name->to_string(), good);
    std::size_t size = 0;
    const Bytes wire = name->wire();
    EXPECT_EQ(*Name::read(wire, size), *name);
    EXPECT_EQ(size, wire.size());
  }
  for (const char* bad : {"", "a", "A.", "a..", ".a.", "a\\0.", "a\\999.", "\\097.", "a b."}) EXPECT_FALSE(Name::parse(bad).has_value()) << bad;
  EXPECT_FALSE(Name::parse(std::string(64, 'a') + ".").has_value());
  std::string longest;
  for (int i = 0; i < 128; ++i) longest += "a.";
  EXPECT_FALSE(Name::parse(longest).has_value());
  EXPECT_TRUE(Name::parse(longest.substr(2)).has_value());
}

TEST(Name, wire_that_is_no_name) {
  std::size_t size = 0;
  for (const Bytes& bad : {Bytes{}, Bytes{1}, Bytes{1, 'a'}, Bytes{0xc0, 0x0c}, Bytes{1, 'A', 0}, Bytes(300, 1)}) {
    EXPECT_FALSE(Name::read(bad, size).has_value());
  }
}

TEST(Name, family) {
  const Name name = *Name::parse("a.b.c.");
  EXPECT_EQ(name.ancestor(1), *Name::parse("c."));
  EXPECT_TRUE(name.is_within(*Name::parse("b.c.")));
  EXPECT_TRUE(name.is_within(Name()));
  EXPECT_FALSE(name.is_within(*Name::parse("x.c.")));
  EXPECT_EQ(name.common_with(*Name::parse("z.c.")), *Name::parse("c."));
  EXPECT_EQ(*name.child("*"), *Name::parse("*.a.b.c."));
}

}  // namespace
}  // namespace danewerk::engine::dnssec
