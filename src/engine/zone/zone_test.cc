#include <gtest/gtest.h>

#include <random>

#include "engine/zone/diff.h"
#include "engine/zone/mx_zone.h"

namespace danewerk::zone {
namespace {

using types::DomainName;
using types::RecordType;
using types::RrSet;

DomainName name(std::string_view text) { return *DomainName::parse(text); }

types::TlsaRecord record(std::uint8_t fill) { return *types::TlsaRecord::parse("3 1 1 " + to_hex(Bytes(32, fill))); }

MxZone zone_of(std::uint16_t shards) {
  MxZone zone;
  zone.apex = name("mx.hoster.example");
  zone.shards = {shards};
  zone.mx_addresses = {*types::IpAddress::parse("192.0.2.1"), *types::IpAddress::parse("2001:db8::1")};
  zone.hosts = {{name("ns1.mx.hoster.example"), {*types::IpAddress::parse("192.0.2.53")}}};
  return zone;
}

/// What a server does with a change it accepts; nothing if a prerequisite does not hold (RFC 2136 3.2).
std::optional<std::vector<RrSet>> apply(std::vector<RrSet> held, const types::ZoneChange& change) {
  const auto find = [&held](const DomainName& owner, RecordType type) {
    return std::find_if(held.begin(), held.end(), [&](const RrSet& set) { return set.name == owner && set.type == type; });
  };
  for (const auto& prerequisite : change.prerequisites) {
    if (const auto* is = std::get_if<types::RrSetIs>(&prerequisite)) {
      const auto there = find(is->set.name, is->set.type);
      if (there == held.end() || !there->same_records(is->set)) return std::nullopt;
    }
    if (const auto* absent = std::get_if<types::RrSetAbsent>(&prerequisite)) {
      if (find(absent->name, absent->type) != held.end()) return std::nullopt;
    }
  }
  for (const auto& deletion : change.deletes) {
    const auto& set = std::get<types::DeleteRrSet>(deletion);
    if (const auto there = find(set.name, set.type); there != held.end()) held.erase(there);
  }
  for (const RrSet& set : change.adds) held.push_back(set);
  return held;
}

TEST(MxZone, one_wildcard_a_shard_answers_for_all) {  // RFC 4592 2.1.1, PUB-11
  const auto sets = *desired_records(zone_of(2), {record(1), record(2)});
  ASSERT_EQ(sets.size(), 2U + 2 * 3);
  EXPECT_EQ(sets[0].to_string(), "*.s1.mx.hoster.example 3600 A x1");
  EXPECT_EQ(sets[1].to_string(), "*.s1.mx.hoster.example 3600 AAAA x1");
  EXPECT_EQ(sets[2].to_string(), "*.s1.mx.hoster.example 1800 TLSA x2");
  EXPECT_EQ(sets[5].to_string(), "*.s2.mx.hoster.example 1800 TLSA x2");
  EXPECT_EQ(sets[7].to_string(), "ns1.mx.hoster.example 3600 AAAA x0");
}

TEST(MxZone, refuses_what_senders_cannot_take) {  // PUB-09
  types::TlsaSet nine;
  for (std::uint8_t i = 0; i < 9; ++i) nine.push_back(record(i));
  EXPECT_EQ(desired_records(zone_of(1), nine).error().kind, ErrorKind::limit);
  nine.back() = nine.front();
  EXPECT_TRUE(desired_records(zone_of(1), nine).has_value());
  MxZone outside = zone_of(1);
  outside.hosts[0].name = name("ns1.elsewhere.example");
  EXPECT_NE(desired_records(outside, {}).error().what.find("ns1.elsewhere.example"), std::string::npos);
  MxZone silent = zone_of(1);
  silent.mx_addresses.clear();
  EXPECT_EQ(desired_records(silent, {}).error().kind, ErrorKind::malformed);
  EXPECT_EQ(desired_records(zone_of(0), {}).error().kind, ErrorKind::limit);
}

TEST(Diff, names_exactly_what_it_believes_is_there) {  // DDNS-02
  const auto desired = *desired_records(zone_of(1), {record(1), record(2)});
  auto observed = *desired_records(zone_of(1), {record(1)});
  EXPECT_TRUE(diff(name("mx.hoster.example"), desired, desired).empty());
  const auto changes = diff(name("mx.hoster.example"), desired, observed);
  ASSERT_EQ(changes.size(), 1U);
  ASSERT_EQ(changes[0].prerequisites.size(), 1U);
  EXPECT_EQ(std::get<types::RrSetIs>(changes[0].prerequisites[0]).set.rdatas, std::vector<Bytes>{record(1).to_rdata()});
  EXPECT_EQ(describe(changes[0]), "*.s1.mx.hoster.example TLSA: 1 become 2");
  EXPECT_EQ(describe(diff(name("mx.hoster.example"), observed, {})[0]),
            "*.s1.mx.hoster.example A: 1 added; *.s1.mx.hoster.example AAAA: 1 added; *.s1.mx.hoster.example TLSA: 1 added; "
            "ns1.mx.hoster.example A: 1 added");
}

TEST(Diff, a_ttl_alone_is_a_difference) {
  auto desired = *desired_records(zone_of(1), {record(1)});
  const auto observed = desired;
  desired[2].ttl = Ttl{60};
  EXPECT_EQ(diff(name("mx.hoster.example"), desired, observed).size(), 1U);
}

/// From any zone to any other, foreign records untouched; the same change again is refused; what another wrote meanwhile
/// is never overwritten.
TEST(Diff, any_zone_becomes_any_other_and_nothing_else_changes) {
  std::mt19937 random(7672);
  const RrSet foreign{name("_mta-sts.mx.hoster.example"), RecordType::txt, Ttl{60}, {{1, 'v'}}};
  const auto any_zone = [&random] {
    MxZone zone = zone_of(static_cast<std::uint16_t>(1 + random() % 90));
    if (random() % 2) zone.mx_addresses.pop_back();
    types::TlsaSet tlsa;
    for (std::size_t i = random() % 4; i > 0; --i) tlsa.push_back(record(static_cast<std::uint8_t>(random() % 5)));
    return std::pair(zone, tlsa);
  };
  for (int round = 0; round < 100; ++round) {
    const auto [old_zone, old_tlsa] = any_zone();
    auto [new_zone, new_tlsa] = any_zone();
    new_zone.shards.count = std::max(new_zone.shards.count, old_zone.shards.count);
    std::vector<RrSet> held;
    const auto before = *desired_records(old_zone, old_tlsa);
    for (const RrSet& set : before) {
      if (!set.rdatas.empty()) held.push_back(set);
    }
    held.push_back(foreign);
    const auto desired = *desired_records(new_zone, new_tlsa);
    for (const auto& change : diff(new_zone.apex, desired, held)) {
      EXPECT_LE(change.prerequisites.size(), most_sets_a_change);
      const auto after = apply(held, change);
      ASSERT_TRUE(after.has_value());
      EXPECT_EQ(change.empty() || !apply(*after, change), true) << "a repeated change must be refused";
      held = *after;
    }
    EXPECT_TRUE(diff(new_zone.apex, desired, held).empty());
    EXPECT_NE(std::find(held.begin(), held.end(), foreign), held.end());
  }
}

}  // namespace
}  // namespace danewerk::zone
