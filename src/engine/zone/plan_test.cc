#include "engine/zone/plan.h"

#include <gtest/gtest.h>

namespace danewerk::zone {
namespace {

using types::RecordType;
using types::RrSet;

const MxZone our_zone = [] {
  MxZone zone;
  zone.apex = *types::DomainName::parse("mx.hoster.example");
  return zone;
}();
const types::DomainName star = *types::DomainName::parse("*.s1.mx.hoster.example");

RrSet addresses(std::vector<std::uint8_t> last) {
  RrSet set{star, RecordType::a, Ttl{300}, {}};
  for (const std::uint8_t octet : last) set.rdatas.push_back({192, 0, 2, octet});
  return set;
}

TEST(Plan, what_we_wrote_is_ours_to_change) {
  const Plan out = plan(our_zone, {addresses({2})}, {{addresses({1})}, {}}, {addresses({1})}, Writers::others);
  EXPECT_TRUE(out.conflicts.empty());
  ASSERT_EQ(out.changes.size(), 1U);
  EXPECT_EQ(lines_of(out.changes[0]), (std::vector<std::string>{"- *.s1.mx.hoster.example. 300 A 192.0.2.1", "+ *.s1.mx.hoster.example. 300 A 192.0.2.2"}));
}

TEST(Plan, a_record_of_somebody_else_at_our_name_is_a_conflict) {
  const Plan out = plan(our_zone, {addresses({2})}, {{addresses({1, 9})}, {}}, {addresses({1})}, Writers::others);
  ASSERT_EQ(out.conflicts.size(), 1U);
  EXPECT_EQ(out.conflicts[0], (Conflict{star, RecordType::a, {"192.0.2.9"}}));
  const std::string said = describe(out.conflicts[0]);
  EXPECT_NE(said.find("*.s1.mx.hoster.example A at the primary holds 192.0.2.9"), std::string::npos) << said;
  EXPECT_NE(said.find("danewerk zone adopt *.s1.mx.hoster.example A"), std::string::npos) << said;
  EXPECT_TRUE(plan(our_zone, {addresses({2})}, {{addresses({1, 9})}, {}}, {}, Writers::we_alone).conflicts.empty());
}

TEST(Plan, what_stands_there_already_as_wanted_needs_no_note) {
  EXPECT_TRUE(plan(our_zone, {addresses({1})}, {{addresses({1})}, {}}, {}, Writers::others).conflicts.empty());
}

TEST(Plan, an_alias_at_our_name_is_a_conflict_even_in_our_own_zone) {  // RFC 2136 3.4.2.2
  const Plan out = plan(our_zone, {addresses({1})}, {{}, {star}}, {}, Writers::we_alone);
  ASSERT_EQ(out.conflicts.size(), 1U);
  EXPECT_EQ(out.conflicts[0].type, RecordType::cname);
  EXPECT_TRUE(plan(our_zone, {{star, RecordType::aaaa, Ttl{300}, {}}}, {{}, {star}}, {}, Writers::we_alone).conflicts.empty()) << "where nothing is wanted";
}

TEST(Plan, records_are_told_as_zone_files_have_them) {
  EXPECT_EQ(record_text(RecordType::aaaa, types::rdata_of(types::RecordData(*types::IpAddress::parse("2001:db8::1")))), "2001:db8::1");
  EXPECT_EQ(record_text(RecordType::tlsa, {3, 1, 1, 0xab}), "3 1 1 ab");
  EXPECT_EQ(record_text(RecordType::txt, {1, 'v'}), "\\# 2 0176");
}

}  // namespace
}  // namespace danewerk::zone
