#include "engine/dsn/mime.h"

#include <gtest/gtest.h>

#include "engine/dsn/returned.h"

namespace danewerk::dsn {
namespace {
using namespace std::string_literals;

TEST(Letters, WhatCannotBeShownBecomesAMark) {
  EXPECT_EQ(printable("a\r\nBcc: x\t\x1b[2J\0z"s, Letters::utf8), "a  Bcc: x ?[2J?z");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f", Letters::utf8), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f", Letters::ascii), "gr??");
  EXPECT_EQ(printable("\xe2\x80\xae" "evil\xe2\x80\xa8\xc2\x85", Letters::utf8), "?evil??");    // turned round, line ends
  EXPECT_EQ(printable("\xc0\xaf\xed\xa0\x80\xff\xf4\x90\x80\x80", Letters::utf8), "??????????");  // no UTF-8 at all
  EXPECT_EQ(printable("\xc3\xbc\xc3\xbc\xc3\xbc", Letters::utf8, 4), "...");  // never half a character
  EXPECT_EQ(printable("a\xc3\xbc\xc3\xbc\xc3\xbc", Letters::utf8, 6), "a\xc3\xbc...");
}

TEST(Letters, Unitext) {  // RFC 6533 3
  EXPECT_EQ(to_unitext("gr\xc3\xbc+a=b\\@x"), "gr\\x{FC}\\x{2B}a\\x{3D}b\\x{5C}@x");
  EXPECT_EQ(from_unitext("gr\\x{FC}\\x{2B}@x"), "gr\xc3\xbc+@x");
  EXPECT_EQ(from_unitext(to_unitext("\xf0\x9f\x90\x9f@x")), "\xf0\x9f\x90\x9f@x");
  for (const char* wrong : {"\\x{}", "\\x{D800}", "\\x{110000}", "\\x{FC", "\\q", "\\x{-1}", "\\x{ FC}"}) {
    EXPECT_EQ(from_unitext(wrong), wrong);
  }
}

TEST(Letters, PrintableOrHex) { EXPECT_EQ(printable_or_hex("Q+1\r\nX: y\xc3\xbc"), "Q+1+0D+0AX: y+C3+BC"); }

TEST(Mime, NothingEndsAFieldEarly) {
  EXPECT_EQ(field("X", "a\r\nBcc: b\n\nc", Letters::ascii), "X: a  Bcc: b  c\r\n");
  EXPECT_EQ(field("X", "  \r\n", Letters::ascii), "X:\r\n");
}

TEST(Mime, LongFieldsAreFolded) {
  const std::string folded = field("Diagnostic-Code", std::string(40, 'a') + " " + std::string(40, 'b') + " c", Letters::ascii);
  EXPECT_EQ(folded, "Diagnostic-Code: " + std::string(40, 'a') + "\r\n " + std::string(40, 'b') + " c\r\n");
  const std::string one_word = field("Original-Envelope-Id", std::string(5000, 'a'), Letters::ascii);
  EXPECT_LE(one_word.size(), 998U + 2);
}

TEST(Mime, Makeup) {
  EXPECT_EQ(makeup_of("a\r\n\r\nb"), Makeup::seven_bit);
  EXPECT_EQ(makeup_of("\xc3\xbc\r\n"), Makeup::eight_bit);
  EXPECT_EQ(makeup_of("a\rb"), Makeup::binary);
  EXPECT_EQ(makeup_of("a\n"), Makeup::binary);
  EXPECT_EQ(makeup_of("a\r"), Makeup::binary);
  EXPECT_EQ(makeup_of("\0"s), Makeup::binary);
  EXPECT_EQ(makeup_of(std::string(998, 'a') + "\r\n"), Makeup::seven_bit);
  EXPECT_EQ(makeup_of(std::string(999, 'a') + "\r\n"), Makeup::binary);
}

TEST(Mime, QuotedPrintable) {  // RFC 2045 6.7
  EXPECT_EQ(quoted_printable("a=b \r\nc\t\r\n\xc3\xbc\rx\n"), "a=3Db=20\r\nc=09\r\n=C3=BC=0Dx=0A");
  EXPECT_EQ(quoted_printable(std::string(76, 'a') + "\r\n"), std::string(76, 'a') + "\r\n");
  EXPECT_EQ(quoted_printable(std::string(77, 'a')), std::string(75, 'a') + "=\r\naa");
  EXPECT_EQ(quoted_printable(std::string(74, 'a') + "=b"), std::string(74, 'a') + "=\r\n=3Db");
}

TEST(Mime, TheBoundaryIsInNoPart) {
  std::string guesses;
  for (int i = 0; i < 1000; ++i) guesses += "--=_id_" + std::to_string(i) + "_=\r\n";
  const Part parts[] = {{"text/plain", TransferEncoding::seven_bit, guesses},
                        {"text/plain", TransferEncoding::seven_bit, "=_id_1000_= =_id_1002_= =_id_99999999999999999999_="}};
  EXPECT_EQ(boundary_for("id", parts), "=_id_1001_=");
  EXPECT_EQ(boundary_for("id", {}), "=_id_0_=");
}

TEST(Returned, TheHeaderIsCutBetweenFields) {
  const std::string_view original = "A: 1\r\nB: 2\r\n 3\r\nC: 4\r\n\r\nbody\r\n";
  EXPECT_EQ(header_of(original, 100).octets, "A: 1\r\nB: 2\r\n 3\r\nC: 4\r\n");
  EXPECT_FALSE(header_of(original, 100).cut);
  EXPECT_EQ(header_of(original, 13).octets, "A: 1\r\n");  // not the first line of B
  EXPECT_TRUE(header_of(original, 13).cut);
  EXPECT_EQ(header_of(original, 22).octets, "A: 1\r\nB: 2\r\n 3\r\nC: 4\r\n");
  EXPECT_EQ(header_of(original, 3).octets, "");
  EXPECT_EQ(header_of("A: 1\r\nB: unfini", 100).octets, "A: 1\r\n");
  EXPECT_EQ(header_of("\r\nbody", 100).octets, "");
  EXPECT_EQ(header_of("", 100).octets, "");
}

}  // namespace
}  // namespace danewerk::dsn
