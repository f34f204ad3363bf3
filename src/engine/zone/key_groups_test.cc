#include "engine/zone/key_groups.h"

#include <gtest/gtest.h>

namespace danewerk::zone {
namespace {

types::DomainName named(std::string_view text) { return *types::DomainName::parse(text); }

const types::DomainName zone_apex = named("mx.hoster.example");

TEST(KeyGroups, a_host_says_its_shard) {
  const auto shard = [](std::string_view host) { return shard_of_host(zone_apex, 12, host); };
  EXPECT_EQ(shard("contoso-com.s1.mx.hoster.example"), 0);
  EXPECT_EQ(shard("CONTOSO-COM.S12.Mx.Hoster.Example"), 11);
  EXPECT_EQ(shard("_25._tcp.contoso-com.s3.mx.hoster.example"), 2);
  EXPECT_EQ(shard("s2.mx.hoster.example"), 1);
  for (const char* other : {"", "s1", "mx.hoster.example", ".mx.hoster.example", "s13.mx.hoster.example", "a.s0.mx.hoster.example", "a.s01.mx.hoster.example",
                            "a.s1x.mx.hoster.example", "a.s.mx.hoster.example", "a.s1.mx.other.example", "s1xmx.hoster.example", "a.s1.evilmx.hoster.example",
                            "a.s70000.mx.hoster.example", "mx1.hoster.example", "a.s1.b.mx.hoster.example"}) {
    EXPECT_EQ(shard(other), std::nullopt) << other;
  }
}

MxZone three_shards() {
  MxZone zone;
  zone.apex = zone_apex;
  zone.shards = {3};
  zone.holdings = {types::Holding::wildcard, types::Holding::shared, types::Holding::explicit_hosts};
  zone.mx_addresses = {*types::IpAddress::parse("192.0.2.1")};
  return zone;
}

TEST(KeyGroups, a_part_of_the_zone_is_its_shards_records) {
  MxZone zone = three_shards();
  const types::TlsaSet tlsa{*types::TlsaRecord::parse("3 1 1 " + std::string(64, 'a'))};
  const auto whole = *desired_records(zone, tlsa);
  std::vector<types::RrSet> parts;
  for (const std::vector<std::uint16_t>& part : {std::vector<std::uint16_t>{0, 2}, std::vector<std::uint16_t>{1}}) {
    zone.part = part;
    const auto some = *desired_records(zone, tlsa);
    parts.insert(parts.end(), some.begin(), some.end());
    EXPECT_EQ(tlsa_owners(zone).size(), part.size());
  }
  std::sort(parts.begin(), parts.end());
  EXPECT_EQ(parts, whole) << "nothing is anybody's twice, nothing nobody's";
  EXPECT_EQ(certificate_names(zone), std::vector{named("mx.s2.mx.hoster.example")});
  EXPECT_TRUE(shard_zones(zone).empty());
  zone.part = {3};
  EXPECT_EQ(desired_records(zone, tlsa).error().kind, ErrorKind::malformed);
}

TEST(KeyGroups, an_edge_is_asked_for_a_host_that_is_no_customers) {
  EXPECT_EQ(probe_host(three_shards(), 0).to_string(), "danewerk-probe.s1.mx.hoster.example");
  EXPECT_EQ(probe_host(three_shards(), 1).to_string(), "mx.s2.mx.hoster.example");
}

using Keys = GroupChange::Keys;

std::vector<KeyGroup> groups(std::vector<std::string> texts) {
  std::vector<KeyGroup> named;
  for (const std::string& text : texts) named.push_back(*parse_key_group(text));
  EXPECT_EQ(faults_of(named, 6), std::vector<std::string>());
  return all_groups(named, 6);
}

std::vector<GroupChange> changes(const NotedGroups& noted, std::vector<std::string> texts) { return *plan_groups(noted, groups(std::move(texts))); }

std::string refusal(const NotedGroups& noted, std::vector<std::string> texts) {
  const auto planned = plan_groups(noted, groups(std::move(texts)));
  return planned ? "" : planned.error().what;
}

TEST(KeyGroups, a_new_group_begins_with_copies_of_the_keys_its_shards_had) {
  const NotedGroups old_store{{}, {""}};
  EXPECT_EQ(changes(old_store, {}), std::vector<GroupChange>());
  EXPECT_EQ(changes(old_store, {"pilot=s1,s2"}), std::vector<GroupChange>({{Keys::copied, "", "pilot", {0, 1}}}));
  const NotedGroups split{{{0, "pilot"}, {1, "pilot"}}, {"", "pilot"}};
  EXPECT_EQ(changes(split, {"pilot=s1,s2"}), std::vector<GroupChange>()) << "once";
  EXPECT_EQ(changes(split, {"pilot=s1", "bank=s2"}), std::vector<GroupChange>({{Keys::copied, "pilot", "bank", {1}}}));
  EXPECT_EQ(changes(split, {"test=s1,s2"}), std::vector<GroupChange>({{Keys::renamed, "pilot", "test", {0, 1}}}));
}

TEST(KeyGroups, no_shard_goes_to_keys_that_its_senders_do_not_know) {
  const NotedGroups split{{{0, "pilot"}, {1, "pilot"}, {2, "bank"}}, {"", "pilot", "bank"}};
  const std::string back = refusal(split, {"bank=s3"});
  EXPECT_NE(back.find("s1,s2 would go from the keys of the group pilot to those of default, but that group has keys already"), std::string::npos) << back;
  EXPECT_NE(back.find("Put it back"), std::string::npos);
  EXPECT_NE(refusal(split, {"pilot=s1", "bank=s2,s3"}), "");
  EXPECT_NE(refusal(split, {"pilot=s1,s2,s4", "bank=s3"}), "") << "a shard of the default group cannot join one that has keys";
  EXPECT_NE(refusal(split, {"pilot=s1", "new=s2,s3"}), "") << "s2 and s3 have different keys";
  EXPECT_NE(refusal(split, {"new=s1,s4", "pilot=s2", "bank=s3"}), "");
  EXPECT_NE(refusal(split, {"a=s1", "b=s2", "bank=s3"}).find("go to more than one"), std::string::npos);
}

TEST(KeyGroups, before_there_are_keys_everything_may_change) {
  EXPECT_EQ(changes({}, {"pilot=s1"}), std::vector<GroupChange>({{Keys::none, "", "pilot", {0}}}));
  const NotedGroups noted{{{0, "pilot"}}, {}};
  EXPECT_EQ(changes(noted, {"pilot=s2"}), std::vector<GroupChange>({{Keys::none, "pilot", "", {0}}, {Keys::none, "", "pilot", {1}}}));
}

}  // namespace
}  // namespace danewerk::zone
