#include <gtest/gtest.h>

#include "types/dns_answer.h"
#include "types/mailbox.h"
#include "types/reply.h"
#include "types/tls_failure.h"

namespace danewerk::types {
namespace {

DomainName name(std::string_view text) { return *DomainName::parse(text); }

TEST(DomainName, one_form_for_every_spelling) {
  EXPECT_EQ(name("MX.Example.COM."), name("mx.example.com"));
  EXPECT_EQ(name(".").to_string(), ".");
  EXPECT_EQ(name("a.b.c").parent(), name("b.c"));
  EXPECT_EQ(name("mx.example").prefixed("_25._tcp").to_string(), "_25._tcp.mx.example");
  EXPECT_EQ(name("a.b.c").labels(), (std::vector<std::string_view>{"a", "b", "c"}));
}

TEST(DomainName, within_counts_labels_not_letters) {
  EXPECT_TRUE(name("a.example").is_within(name("example")));
  EXPECT_TRUE(name("example").is_within(name("example")));
  EXPECT_FALSE(name("badexample").is_within(name("example")));
  EXPECT_TRUE(name("example").is_within(DomainName{}));
}

TEST(DomainName, refuses_what_is_none) {
  const std::string long_label(64, 'a');
  std::string long_name = "a";
  while (long_name.size() <= 253) long_name += ".a";
  for (const std::string& bad : {std::string{}, std::string{".."}, std::string{"a..b"}, std::string{".a"}, long_label, long_name,
                                 std::string{"a b"}, std::string{"b\xc3\xbc"
                                                                 "cher.example"},
                                 std::string{"a.*.b"}, std::string("a\0b", 3)}) {
    EXPECT_FALSE(DomainName::parse(bad)) << bad;
  }
}

TEST(IpAddress, mapped_is_ipv4) {
  EXPECT_EQ(*IpAddress::parse("::ffff:192.0.2.1"), *IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(Network::parse("10.0.0.0/8")->contains(*IpAddress::parse("10.255.0.1")));
  EXPECT_FALSE(Network::parse("10.0.0.0/9")->contains(*IpAddress::parse("10.128.0.1")));
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:25")->to_string(), "[2001:db8::1]:25");
  for (auto bad : {"1.2.3", "1.2.3.4.5", "::g", ""}) EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  for (auto bad : {"1.2.3.4", "::1:25", "[1.2.3.4]:25", "1.2.3.4:65536", "[::1]"}) EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

TEST(TlsaRecord, text_and_wire) {
  const TlsaRecord record = *TlsaRecord::parse("3 1 1 ABcd ef");
  EXPECT_EQ(record.to_string(), "3 1 1 abcdef");
  EXPECT_EQ(TlsaRecord::from_rdata(record.to_rdata()), record);
  EXPECT_EQ(record, *TlsaRecord::parse("DANE-EE SPKI SHA2-256 abcdef"));
  EXPECT_EQ(record.describe(), "DANE-EE(3) SPKI(1) SHA2-256(1)");  // CRT-13
  for (auto bad : {"", "3", "3 1", "3 1 1 xyz", "256 1 1 00", "3 1 1 0", "a b c d"}) EXPECT_FALSE(TlsaRecord::parse(bad)) << bad;
  EXPECT_TRUE(TlsaRecord::parse("3 1 1")->data.empty());
}

// RFC 3597 5: how records are written where their type is not known, and the only form for RDATA that is too short
TEST(TlsaRecord, reads_the_form_of_unknown_types) {
  EXPECT_EQ(*TlsaRecord::parse("\\# 6 030101 abcdef"), *TlsaRecord::parse("3 1 1 abcdef"));
  EXPECT_EQ(*TlsaRecord::parse("\\# 0"), TlsaRecord::from_rdata({}));
  EXPECT_TRUE(TlsaRecord::parse("\\# 2 0301")->truncated);
  for (auto bad : {"\\#", "\\# x", "\\# 3 0301", "\\# 1 0301", "\\# 2 03 0", "\\#2 0301", "\\# -1"}) EXPECT_FALSE(TlsaRecord::parse(bad)) << bad;
}

TEST(TlsaRecord, rdata_of_0_to_2_octets_stays_in_the_set_and_never_matches) {
  for (std::size_t n = 0; n < 3; ++n) {
    const TlsaRecord record = TlsaRecord::from_rdata(Bytes(n, 3));
    EXPECT_TRUE(record.truncated);
    EXPECT_EQ(record.to_rdata().size(), n);
  }
  EXPECT_FALSE(TlsaRecord::from_rdata(Bytes{3, 1, 1}).truncated);
}

TEST(Secure, only_from_secure) {
  Secured<int> answer{7, DnssecStatus::secure, Ttl{60}, {}, {}};
  EXPECT_EQ(**Secure<int>::check(answer), 7);
  for (auto status : {DnssecStatus::insecure, DnssecStatus::bogus, DnssecStatus::indeterminate}) {
    answer.status = status;
    EXPECT_FALSE(Secure<int>::check(answer));
  }
}

TEST(Mailbox, rfc_5321_4_1_2) {
  EXPECT_EQ(Mailbox::parse("User.Name+tag@Example.COM")->to_string(), "User.Name+tag@example.com");
  EXPECT_EQ(*Mailbox::parse("\"user\"@a.example"), *Mailbox::parse("user@a.example"));
  EXPECT_EQ(Mailbox::parse("\"a b\\\"c\"@a.example")->to_string(), "\"a b\\\"c\"@a.example");
  EXPECT_EQ(Mailbox::parse("a@[192.0.2.1]")->to_string(), "a@[192.0.2.1]");
  EXPECT_EQ(Mailbox::parse("a@[IPv6:2001:db8::1]")->to_string(), "a@[IPv6:2001:db8::1]");
  EXPECT_TRUE(Mailbox::parse("j\xc3\xbcrgen@a.example", Smtputf8::yes)->needs_smtputf8());
  for (auto bad : {"", "a", "@b", "a@", "a..b@c", ".a@c", "a.@c", "a b@c", "a@b@c", "\"a@c", "\"a\"b@c", "a@b.",
                   "a@[1.2.3]", "a@[::1]", "a@*.b", "j\xc3\xbcrgen@a.example", "a\r\n@b"}) {
    EXPECT_FALSE(Mailbox::parse(bad)) << bad;
  }
  EXPECT_FALSE(Mailbox::parse("\xff\xfe@a.example", Smtputf8::yes));
  EXPECT_FALSE(Mailbox::parse(std::string(65, 'a') + "@b"));
}

TEST(EnhancedCode, text) {
  EXPECT_EQ(EnhancedCode::parse("4.7.321")->to_string(), "4.7.321");
  EXPECT_EQ(code_for(TlsFailure::dnssec_invalid).permanent().to_string(), "5.7.324");
  for (auto bad : {"", "4", "4.7", "3.0.0", "4.7.3210", "4.7.1x", "4..1"}) EXPECT_FALSE(EnhancedCode::parse(bad)) << bad;
}

}  // namespace
}  // namespace danewerk::types
