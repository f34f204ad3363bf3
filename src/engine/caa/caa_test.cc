// RFC 8659's own examples, and what breaks in practice.
#include "engine/caa/caa.h"

#include <gtest/gtest.h>

namespace danewerk::caa {
namespace {

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

const Authority ca1{{"ca1.example.net"}, "dns-01"};
const Authority ca2{{"ca2.example.org"}, "dns-01"};

Record issue(std::string value) { return {false, "issue", std::move(value)}; }
Record wild(std::string value) { return {false, "issuewild", std::move(value)}; }

bool may(std::string_view certified, const std::vector<Record>& records, const Authority& who) {
  return !forbidden(name(certified), name("example.com"), records, who);
}

TEST(Caa, climbs_from_the_name_without_its_star_to_the_top) {  // RFC 8659 3
  EXPECT_EQ(climb(name("*.s1.mx.example")), (std::vector{name("s1.mx.example"), name("mx.example"), name("example")}));
  EXPECT_EQ(climb(name("mta-sts.contoso.example")), (std::vector{name("mta-sts.contoso.example"), name("contoso.example"), name("example")}));
}

TEST(Caa, reads_rdata) {
  const Bytes rdata{128, 5, 'I', 's', 's', 'u', 'e', 'c', 'a', '.', 'x', 7};
  const auto record = parse(rdata);
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, (Record{true, "issue", "ca.x?"}));
  EXPECT_FALSE(parse(Bytes{0, 9, 'i'}));
  EXPECT_FALSE(parse(Bytes{0, 0}));
  EXPECT_FALSE(parse(Bytes{0}));
  EXPECT_FALSE(parse(Bytes{0, 1, '-'}));
}

TEST(Caa, issue_grants_to_those_named_only) {  // RFC 8659 4.2
  const std::vector records{issue("ca1.example.net"), issue("  CA3.example ; account=7")};
  EXPECT_TRUE(may("a.example.com", records, ca1));
  EXPECT_FALSE(may("a.example.com", records, ca2));
  EXPECT_TRUE(may("*.a.example.com", records, ca1));
  EXPECT_TRUE(may("a.example.com", records, {{"ca3.example"}, "dns-01"}));
  EXPECT_TRUE(may("a.example.com", {{false, "iodef", "mailto:x"}}, ca1));
  EXPECT_TRUE(may("a.example.com", {}, ca1));
}

TEST(Caa, nobody_named_and_nonsense_forbid_all) {  // RFC 8659 4.2
  EXPECT_FALSE(may("a.example.com", {issue(";")}, ca1));
  EXPECT_FALSE(may("a.example.com", {issue("%%%%%")}, ca1));
  EXPECT_FALSE(may("a.example.com", {issue("")}, {}));
  EXPECT_TRUE(may("a.example.com", {issue(";"), issue("ca1.example.net")}, ca1));
}

TEST(Caa, issuewild_rules_wildcards_alone) {  // RFC 8659 4.3
  const std::vector both{issue("ca1.example.net"), wild("ca2.example.org")};
  EXPECT_TRUE(may("w.example.com", both, ca1));
  EXPECT_FALSE(may("w.example.com", both, ca2));
  EXPECT_FALSE(may("*.w.example.com", both, ca1));
  EXPECT_TRUE(may("*.w.example.com", both, ca2));
  EXPECT_TRUE(may("w.example.com", {wild("ca2.example.org")}, ca1));
}

TEST(Caa, unknown_critical_property_forbids) {  // RFC 8659 4.5
  EXPECT_FALSE(may("a.example.com", {issue("ca1.example.net"), {true, "tbs", "Unknown"}}, ca1));
  EXPECT_TRUE(may("a.example.com", {issue("ca1.example.net"), {false, "tbs", "Unknown"}}, ca1));
  EXPECT_TRUE(may("a.example.com", {{true, "issue", "ca1.example.net"}}, ca1));
}

TEST(Caa, validation_methods_count) {  // RFC 8657 4
  const std::vector records{issue("ca1.example.net; accounturi=https://ca1.example.net/acct/1; validationmethods=http-01,dns-account-01")};
  EXPECT_FALSE(may("a.example.com", records, ca1));
  EXPECT_TRUE(may("a.example.com", records, {{"ca1.example.net"}, "http-01"}));
}

TEST(Caa, names_the_record_and_the_remedy) {
  const auto found = forbidden(name("*.s1.mx.example.com"), name("example.com"), {issue("ca2.example.org")}, ca1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->evidence, "example.com CAA 0 issue \"ca2.example.org\" does not let ca1.example.net issue by dns-01");
  EXPECT_NE(found->remedy.find("example.com. CAA 0 issue \"ca1.example.net\""), std::string::npos) << found->remedy;
}

}  // namespace
}  // namespace danewerk::caa
