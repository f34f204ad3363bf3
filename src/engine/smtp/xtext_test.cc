#include "engine/smtp/xtext.h"

#include <gtest/gtest.h>

#include "engine/smtp/capabilities.h"
#include "engine/smtp/reply_text.h"

namespace danewerk::engine::smtp {
namespace {

using types::Smtputf8;

TEST(Xtext, every_printable_octet_comes_back) {  // RFC 3461 4
  std::string all;
  for (char c = ' '; c <= '~'; ++c) all += c;
  EXPECT_EQ(*decode_xtext(encode_xtext(all)), all);
  EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
}

TEST(Xtext, refuses_what_could_become_a_header) {  // RFC 3461 4; injection
  for (auto bad : {"a+0D+0ABcc:b", "a+00", "a+7F", "a+80", "a+", "a+2", "a+2b", "a=b", "a b", "a\tb", "\xc3\xa9"}) {
    EXPECT_FALSE(decode_xtext(bad)) << bad;
  }
}

TEST(Utf8Address, both_ways) {  // RFC 6533 3
  const std::string text = "caf\xc3\xa9\\+= \xf0\x9f\x93\xa7@b.example";
  EXPECT_EQ(encode_utf8_address(text), "caf\\x{E9}\\x{5C}\\x{2B}\\x{3D}\\x{20}\\x{1F4E7}@b.example");
  EXPECT_EQ(*decode_utf8_address(encode_utf8_address(text), Smtputf8::no), text);
  EXPECT_EQ(*decode_utf8_address("caf\xc3\xa9", Smtputf8::yes), "caf\xc3\xa9");
  EXPECT_EQ(encode_utf8_address("\xff"), "\\x{FFFD}");
}

TEST(Utf8Address, refuses) {
  for (auto bad : {"\\x{0A}", "\\x{9B}", "\\x{D800}", "\\x{110000}", "\\x{1}", "\\x{1234567}", "\\x{GG}", "\\x{41", "\\y", "a b"}) {
    EXPECT_FALSE(decode_utf8_address(bad, Smtputf8::yes)) << bad;
  }
  EXPECT_FALSE(decode_utf8_address("caf\xc3\xa9", Smtputf8::no));
  for (auto bad : {"\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc2\x85"}) {
    EXPECT_FALSE(decode_utf8_address(bad, Smtputf8::yes));
  }
}

TEST(ReplyText, cannot_be_broken_out_of) {  // RFC 5321 4.2, 4.5.3.1.5
  std::string out;
  append_reply(out, {550, types::EnhancedCode{5, 7, 1}, {"a\r\n250 ok", std::string(600, 'x'), ""}});
  EXPECT_EQ(out, "550-5.7.1 a??250 ok\r\n550-5.7.1 " + std::string(500, 'x') + "\r\n550 5.7.1 \r\n");
}

TEST(Capabilities, reads_kindly_and_exactly) {  // RFC 5321 4.1.1.1, RFC 1870 4
  const auto offered = [](std::vector<std::string> lines) {
    lines.insert(lines.begin(), "mx.example hello");
    return Capabilities::from_ehlo({250, std::nullopt, std::move(lines)}).to_string();
  };
  EXPECT_EQ(offered({"size 100", "starttls", "8BitMime"}), "SIZE=100 8BITMIME STARTTLS");
  EXPECT_EQ(offered({"SIZE", "SIZE 0", "STARTTLSX", "XSTARTTLS", "AUTH PLAIN", ""}), "SIZE");
  EXPECT_EQ(offered({"SIZE 99999999999999999999"}), "SIZE");
  EXPECT_EQ(offered({"SIZE 12x"}), "SIZE");
}

}  // namespace
}  // namespace danewerk::engine::smtp
