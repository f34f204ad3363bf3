#include "io/text/idna.h"

#include <gtest/gtest.h>

namespace danewerk::io {
namespace {

std::string converted(std::string_view domain) {
  auto name = to_a_labels(domain);
  return name ? name->to_string() : "refused: " + name.error().what;
}

// RFC 5891 4.4, MX-09
TEST(Idna, u_labels_become_a_labels) {
  EXPECT_EQ(converted("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(converted("BÜCHER.Example"), "xn--bcher-kva.example");
  EXPECT_EQ(converted("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(converted("例え.テスト"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(converted("bu\u0308cher.example"), "xn--bcher-kva.example") << "decomposed";
  EXPECT_EQ(converted("例え。テスト"), "xn--r8jz45g.xn--zckzah") << "ideographic full stop";
  EXPECT_EQ(converted("mx.example.com"), "mx.example.com");
}

TEST(Idna, sharp_s_is_its_own_letter) { EXPECT_EQ(converted("faß.example"), "xn--fa-hia.example"); }

TEST(Idna, what_is_no_host_name_is_refused) {
  for (std::string_view domain :
       {"", "bü_cher.example", "bü cher.example", "bü@cher.example", "⅟cher.example", "bü..example", "bücher.example.",
        "bücher。example。", "-bü.example", "bü\xff.example", "xn--\u00fc.example", "xn--a.example", "xn--999999999.example", "ab--ü.example"}) {
    EXPECT_FALSE(to_a_labels(domain).has_value()) << domain << " became " << converted(domain);
  }
  EXPECT_FALSE(to_a_labels(std::string_view("b\0c.example", 11)).has_value());
  EXPECT_FALSE(to_a_labels(std::string(64, 'a') + "ü.example").has_value());
  EXPECT_FALSE(to_a_labels(std::string(2000, 'a')).has_value());
}

TEST(Idna, says_what_is_wrong) {
  EXPECT_NE(to_a_labels("bü_cher.example").error().what.find("bü_cher.example"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::io
