#include "engine/zone/health.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace danewerk::zone {
namespace {

using namespace std::chrono_literals;
using types::Severity;

const Instant now = *parse_rfc3339("2026-11-27T12:00:00Z");
types::DomainName domain(std::string_view text) { return *types::DomainName::parse(text); }

Bytes ds(std::uint8_t tag, std::uint8_t digest_type = 2) {
  Bytes out{0, tag, 13, digest_type};
  out.resize(36, tag);
  return out;
}

ZoneState well() {
  ZoneState zone;
  zone.apex = domain("mx.hoster.example");
  const std::vector names{domain("ns1.mx.hoster.example"), domain("ns2.elsewhere.example")};
  zone.servers = {{"primary", "", 2026U, 7 * 24h, now + 12 * 24h, names}, {"ns2", "", 2026U, 7 * 24h, now + 12 * 24h, names}};
  zone.own_ds = {ds(1)};
  zone.cds = {ds(1)};
  zone.parent = {ParentState::Answer::given, {ds(1)}, {names[1], names[0]}, ""};
  return zone;
}

std::string codes(const ZoneState& zone) {
  std::string out;
  for (const auto& finding : examine(zone, {}, now)) out += (out.empty() ? "" : " ") + std::string(types::to_string(finding.severity)) + ":" + finding.code;
  return out;
}

TEST(ZoneHealth, a_zone_that_is_well_gives_nothing) { EXPECT_EQ(codes(well()), ""); }

TEST(ZoneHealth, signatures_are_told_of_days_before_they_end) {  // PUB-08, RFC 6781 4.4.2.1
  ZoneState zone = well();
  zone.servers[1].signed_until = now + 7 * 24h;
  EXPECT_EQ(codes(zone), "") << "about to be renewed is no fault";
  zone.servers[1].signed_until = now + 5 * 24h;
  EXPECT_EQ(codes(zone), "warning:zone.signatures_end_soon");
  EXPECT_NE(examine(zone, {}, now)[0].remedy.find("transfers"), std::string::npos) << "a secondary's fault is told as a secondary's";
  zone.servers[1].signed_until = now + 24h;
  EXPECT_EQ(codes(zone), "error:zone.signatures_end_soon");
  zone.servers[1].signed_until = now - 1s;
  EXPECT_EQ(codes(zone), "error:zone.signatures_ended");
  zone = well();
  zone.servers[0].signed_until = now + 5 * 24h;
  EXPECT_NE(examine(zone, {}, now)[0].remedy.find("primary"), std::string::npos);
}

TEST(ZoneHealth, a_ds_must_belong_to_a_key) {  // RFC 4035 2.4
  ZoneState zone = well();
  zone.parent.ds = {};
  EXPECT_EQ(codes(zone), "warning:zone.no_ds");
  EXPECT_NE(examine(zone, {}, now)[0].remedy.find("DS 1 13 2 0101"), std::string::npos);
  zone.parent.ds = {ds(9)};
  EXPECT_EQ(codes(zone), "error:zone.ds_mismatch");
  zone.parent.ds = {ds(1), ds(9)};
  EXPECT_EQ(codes(zone), "warning:zone.ds_without_key");
  zone.parent.ds = {ds(1, 4)};
  EXPECT_EQ(codes(zone), "") << "another digest of the same key";
  zone.parent = {ParentState::Answer::failed, {}, {}, "SERVFAIL"};
  EXPECT_EQ(codes(zone), "warning:zone.parent_unseen") << "unseen is not absent";
}

TEST(ZoneHealth, the_cds_must_not_break_the_delegation) {  // PUB-13, RFC 7344 4.1
  ZoneState zone = well();
  zone.cds = {ds(7)};
  EXPECT_EQ(codes(zone), "error:zone.cds_wrong");
  EXPECT_EQ(to_hand_over(zone), std::vector<Bytes>(1, ds(1))) << "a wrong CDS is not handed on";
  zone.own_ds = {ds(1), ds(2)};  // amid a rollover: the new key is there, its turn has not come
  zone.cds = {ds(1)};
  EXPECT_EQ(to_hand_over(zone), std::vector<Bytes>(1, ds(1)));
}

TEST(ZoneHealth, servers_behind_and_delegations_that_differ) {
  ZoneState zone = well();
  zone.servers[1].serial = 2025U;
  EXPECT_EQ(codes(zone), "warning:zone.server_behind");
  zone = well();
  zone.servers[1] = {"ns2", "no answer within 5 s", {}, {}, {}, {}};
  EXPECT_EQ(codes(zone), "error:zone.server_faulty");
  zone = well();
  zone.parent.name_servers.pop_back();
  EXPECT_EQ(codes(zone), "warning:zone.name_servers_differ");
  zone = well();
  zone.servers[0].expire = 14 * 24h;
  EXPECT_EQ(codes(zone), "notice:zone.expire_long");
  zone = well();
  zone.own_ds = {};
  zone.cds = {};
  EXPECT_EQ(codes(zone), "error:zone.unsigned");
}

TEST(ZoneHealth, serials_wrap) {  // RFC 1982 3.2
  EXPECT_TRUE(serial_before(1, 2));
  EXPECT_FALSE(serial_before(2, 1));
  EXPECT_TRUE(serial_before(0xffffffffU, 0));
  EXPECT_FALSE(serial_before(5, 5));
}

}  // namespace
}  // namespace danewerk::zone
