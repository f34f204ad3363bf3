#include "engine/zone/host_nodes.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace danewerk::zone::host_nodes {
namespace {

using types::DomainName;
using types::Holding;
using types::HostNode;
using types::RecordType;
using types::RrSet;
using types::ZoneChange;
using Content = std::map<std::pair<DomainName, RecordType>, RrSet>;

DomainName name(std::string_view text) { return *DomainName::parse(text); }

/// s1 wildcard, s2 explicit, s3 shared.
MxZone three_ways() {
  MxZone zone;
  zone.apex = name("mx.hoster.example");
  zone.shards = {3};
  zone.holdings = {Holding::wildcard, Holding::explicit_hosts, Holding::shared};
  zone.mx_addresses = {*types::IpAddress::parse("192.0.2.1"), *types::IpAddress::parse("2001:db8::1")};
  return zone;
}

types::TlsaRecord record(std::uint8_t fill) { return *types::TlsaRecord::parse("3 1 1 " + to_hex(Bytes(32, fill))); }

types::TlsaSet two_records() { return {record(1), record(2)}; }

/// A server: RFC 2136 3. False where a prerequisite does not hold; an alias beside other data is dropped in silence (3.4.2.2).
bool accepted(Content& held, const ZoneChange& change) {
  const auto in_use = [&held](const DomainName& owner) {
    return std::any_of(held.begin(), held.end(), [&](const auto& one) { return one.first.first == owner; });
  };
  for (const auto& prerequisite : change.prerequisites) {
    if (const auto* is = std::get_if<types::RrSetIs>(&prerequisite)) {
      const auto there = held.find({is->set.name, is->set.type});
      if (there == held.end() || !there->second.same_records(is->set)) return false;
    }
    if (const auto* absent = std::get_if<types::RrSetAbsent>(&prerequisite)) {
      if (held.contains({absent->name, absent->type})) return false;
    }
    if (const auto* free = std::get_if<types::NameFree>(&prerequisite)) {
      if (in_use(free->name)) return false;
    }
  }
  for (const auto& deletion : change.deletes) {
    const auto& set = std::get<types::DeleteRrSet>(deletion);
    held.erase({set.name, set.type});
  }
  for (const RrSet& set : change.adds) {
    if (set.type == RecordType::cname && in_use(set.name)) continue;
    held[{set.name, set.type}] = set;
  }
  return true;
}

/// What the zone answers: RFC 1034 4.3.2, RFC 4592. NXDOMAIN only where neither the name, nor one below it, nor a wildcard at the
/// closest encloser exists.
enum class Answer { data, alias, no_data, no_name };
Answer answer(const Content& held, const DomainName& asked, RecordType type) {
  const auto exists = [&held](const DomainName& owner) {
    return std::any_of(held.begin(), held.end(), [&](const auto& one) { return one.first.first.is_within(owner); });
  };
  DomainName at = asked;
  if (!exists(asked)) {
    while (!exists(at)) at = at.parent();
    at = at.prefixed("*");
    if (!exists(at)) return Answer::no_name;
  }
  if (held.contains({at, type})) return Answer::data;
  return held.contains({at, RecordType::cname}) ? Answer::alias : Answer::no_data;
}

Content base_content(const MxZone& zone) {
  Content held;
  const auto sets = *desired_records(zone, two_records());
  for (const auto& change : diff(zone, sets, {})) EXPECT_TRUE(accepted(held, change));
  return held;
}

TEST(HostNodes, each_shard_has_one_tlsa_set) {
  const MxZone zone = three_ways();
  const auto sets = *desired_records(zone, two_records());
  std::vector<std::string> texts;
  for (const RrSet& set : sets) texts.push_back(set.to_string());
  const std::vector<std::string> wanted{
      "*.s1.mx.hoster.example 3600 A x1",        "*.s1.mx.hoster.example 3600 AAAA x1",          "*.s1.mx.hoster.example 1800 TLSA x2",
      "_25._tcp.mx.s3.mx.hoster.example 1800 TLSA x2", "_dane.s2.mx.hoster.example 1800 TLSA x2", "mx.s3.mx.hoster.example 3600 A x1",
      "mx.s3.mx.hoster.example 3600 AAAA x1"};
  EXPECT_EQ(texts, wanted);
  const auto changes = diff(zone, sets, {});
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].zone, name("mx.hoster.example"));
  EXPECT_EQ(changes[1].zone, name("s2.mx.hoster.example"));
  EXPECT_EQ(describe(changes[1]), "_dane.s2.mx.hoster.example TLSA: 2 added");
  EXPECT_EQ(shard_zones(zone), std::vector{name("s2.mx.hoster.example")});
  EXPECT_EQ(zone_holding(zone, name("_25._tcp.a-example.s2.mx.hoster.example")), name("s2.mx.hoster.example"));
  EXPECT_EQ(zone_holding(zone, name("a-example.s1.mx.hoster.example")), zone.apex);
  EXPECT_EQ(zone_holding(zone, name("s2.mx.hoster.example")), name("s2.mx.hoster.example"));
  const std::vector<DomainName> in_certificate{name("*.s1.mx.hoster.example"), name("*.s2.mx.hoster.example"), name("mx.s3.mx.hoster.example")};
  EXPECT_EQ(certificate_names(zone), in_certificate);
}

TEST(HostNodes, a_node_of_its_own_stops_the_wildcard_and_its_end_lets_it_answer_again) {  // RFC 4592 2.2.1, PUB-11
  const MxZone zone = three_ways();
  Content held = base_content(zone);
  const DomainName host = name("contoso-com.s1.mx.hoster.example");
  const DomainName tlsa = host.prefixed("_25._tcp");
  EXPECT_EQ(answer(held, tlsa, RecordType::tlsa), Answer::data);
  EXPECT_EQ(answer(held, host.prefixed("_tcp"), RecordType::a), Answer::data);  // the wildcard answers there too
  const HostNode off = node_for(zone, Holding::wildcard, HostNeed::plain);
  ASSERT_TRUE(accepted(held, host_change(zone, host, {}, off)));
  EXPECT_EQ(answer(held, host, RecordType::a), Answer::data);
  EXPECT_EQ(answer(held, tlsa, RecordType::tlsa), Answer::no_name);                       // no TLSA: DANE is off
  EXPECT_EQ(answer(held, name("_25._tcp.other.s1.mx.hoster.example"), RecordType::tlsa), Answer::data);
  ASSERT_TRUE(accepted(held, host_change(zone, host, off, node_for(zone, Holding::wildcard, HostNeed::dane))));
  EXPECT_EQ(answer(held, tlsa, RecordType::tlsa), Answer::data);
  EXPECT_EQ(held, base_content(zone));
}

TEST(HostNodes, an_explicit_host_is_an_alias_of_the_shards_set) {  // PUB-11, PUB-15
  const MxZone zone = three_ways();
  Content held = base_content(zone);
  const DomainName host = name("contoso-com.s2.mx.hoster.example");
  EXPECT_EQ(answer(held, host, RecordType::a), Answer::no_name);
  const HostNode on = node_for(zone, Holding::explicit_hosts, HostNeed::dane);
  const ZoneChange change = host_change(zone, host, {}, on);
  EXPECT_EQ(change.zone, name("s2.mx.hoster.example"));
  ASSERT_TRUE(accepted(held, change));
  EXPECT_FALSE(accepted(held, change)) << "a repeated change must be refused";
  EXPECT_EQ(answer(held, host, RecordType::aaaa), Answer::data);
  EXPECT_EQ(answer(held, host.prefixed("_25._tcp"), RecordType::tlsa), Answer::alias);
  EXPECT_EQ(answer(held, host.prefixed("_tcp"), RecordType::a), Answer::no_data);          // PUB-11
  const RrSet alias = held.at({host.prefixed("_25._tcp"), RecordType::cname});
  EXPECT_EQ(alias.rdatas.front(), types::rdata_of(types::NameRecord{name("_dane.s2.mx.hoster.example")}));
  EXPECT_EQ(node_for(zone, Holding::explicit_hosts, HostNeed::gone), HostNode{});
  EXPECT_EQ(node_for(zone, Holding::shared, HostNeed::plain), HostNode{});
}

TEST(HostNodes, what_another_put_there_is_never_touched) {
  const MxZone zone = three_ways();
  Content held = base_content(zone);
  const DomainName host = name("contoso-com.s2.mx.hoster.example");
  const HostNode on = node_for(zone, Holding::explicit_hosts, HostNeed::dane);
  for (const auto& [owner, type] : {std::pair(host, RecordType::a), std::pair(host.prefixed("_25._tcp"), RecordType::txt)}) {
    Content theirs = held;
    theirs[{owner, type}] = RrSet{owner, type, Ttl{60}, {{192, 0, 2, 99}}};
    const Content before = theirs;
    EXPECT_FALSE(accepted(theirs, host_change(zone, host, {}, on)));
    EXPECT_EQ(theirs, before);
  }
}

TEST(HostNodes, people_are_told_what_is_answered_and_what_brings_it_about) {
  const MxZone zone = three_ways();
  types::DomainFacts facts;
  EXPECT_EQ(need_of(facts), HostNeed::nothing);
  facts.dnssec.asked = types::MaybeInstant(*parse_rfc3339("2026-11-27T12:00:00Z"));
  EXPECT_EQ(need_of(facts), HostNeed::plain);
  facts.dane = facts.dnssec;
  EXPECT_EQ(need_of(facts), HostNeed::dane);
  facts.dnssec.withdrawn = facts.dane.withdrawn = facts.dane.asked;
  EXPECT_EQ(need_of(facts), HostNeed::gone);
  const std::vector<std::pair<HostNeed, types::HostWish>> in_wildcard{{HostNeed::nothing, types::HostWish::dane}, {HostNeed::plain, types::HostWish::plain},
                                                                      {HostNeed::dane, types::HostWish::dane}, {HostNeed::gone, types::HostWish::plain}};
  for (const auto& [need, wish] : in_wildcard) EXPECT_EQ(answered(Holding::wildcard, need), wish);
  EXPECT_EQ(answered(Holding::explicit_hosts, HostNeed::gone), types::HostWish::absent);
  EXPECT_EQ(answered(Holding::explicit_hosts, HostNeed::nothing), types::HostWish::absent);
  EXPECT_EQ(answered(Holding::shared, HostNeed::plain), types::HostWish::dane);
  const DomainName host = name("contoso-com.s2.mx.hoster.example");
  const std::vector<std::string> wanted{"- contoso-com.s2.mx.hoster.example. 3600 IN A 192.0.2.1",
                                        "- contoso-com.s2.mx.hoster.example. 3600 IN AAAA 2001:db8::1",
                                        "+ contoso-com.s2.mx.hoster.example. 3600 IN A 192.0.2.1",
                                        "+ contoso-com.s2.mx.hoster.example. 3600 IN AAAA 2001:db8::1",
                                        "+ _25._tcp.contoso-com.s2.mx.hoster.example. 3600 IN CNAME _dane.s2.mx.hoster.example."};
  EXPECT_EQ(diff_lines(zone, host, node_for(zone, Holding::explicit_hosts, HostNeed::plain), node_for(zone, Holding::explicit_hosts, HostNeed::dane)), wanted);
  EXPECT_TRUE(diff_lines(zone, host, {}, {}).empty());
}

TEST(HostNodes, text_is_read_back) {
  const MxZone zone = three_ways();
  for (const auto need : {HostNeed::nothing, HostNeed::plain, HostNeed::dane}) {
    const HostNode node = node_for(zone, Holding::explicit_hosts, need);
    EXPECT_EQ(*HostNode::parse(node.to_string()), node);
  }
  EXPECT_EQ(node_for(zone, Holding::explicit_hosts, HostNeed::dane).to_string(), "dane 3600 192.0.2.1 2001:db8::1");
  for (const char* bad : {"", "dane", "dane x", "dane 60 nowhere", "all 60", "dane 99999999999"}) EXPECT_FALSE(HostNode::parse(bad)) << bad;
}

/// Random lives of 300 hosts, changed in filled messages: after each message the zone holds what the memory says, and nothing else.
TEST(HostNodes, filled_messages_bring_any_hosts_to_any_state) {
  std::mt19937 random(4592);
  MxZone zone = three_ways();
  Content held = base_content(zone);
  const RrSet foreign{name("www.s2.mx.hoster.example"), RecordType::txt, Ttl{60}, {{1, 'v'}}};
  held[{foreign.name, foreign.type}] = foreign;
  std::map<DomainName, HostNode> memory;
  for (int round = 0; round < 20; ++round) {
    if (round == 10) zone.mx_addresses = {*types::IpAddress::parse("192.0.2.77")};  // the edge moves: all hosts follow
    std::vector<ZoneChange> changes;
    for (int i = 0; i < 300; ++i) {
      const DomainName host = name("d" + std::to_string(i) + "-example.s2.mx.hoster.example");
      const HostNode wanted = node_for(zone, Holding::explicit_hosts, static_cast<HostNeed>(random() % 4));
      ZoneChange change = host_change(zone, host, memory[host], wanted);
      memory[host] = wanted;
      if (!change.empty()) changes.push_back(std::move(change));
    }
    std::size_t hosts = 0;
    for (const FilledChange& message : fill(changes, 8000)) {
      EXPECT_LE(update_octets(message.change), 8000U);
      ASSERT_TRUE(accepted(held, message.change));
      hosts += message.hosts;
    }
    EXPECT_EQ(hosts, changes.size());
    Content wanted = base_content(zone);
    wanted[{foreign.name, foreign.type}] = foreign;
    for (const auto& [host, node] : memory) {
      for (const RrSet& set : host_records(zone, host, node)) {
        if (!set.rdatas.empty()) wanted[{set.name, set.type}] = set;
      }
    }
    for (const auto& [at, set] : wanted) {
      const bool in_question = zone_holding(zone, at.first) == name("s2.mx.hoster.example");
      EXPECT_TRUE(!in_question || held[at] == set) << set.to_string();
    }
    for (const auto& [at, set] : held) {
      const bool in_question = zone_holding(zone, at.first) == name("s2.mx.hoster.example");
      EXPECT_TRUE(!in_question || wanted.contains(at)) << set.to_string() << " is nobody's";
    }
  }
}

TEST(HostNodes, a_message_carries_some_hundred_hosts) {
  const MxZone zone = three_ways();
  const HostNode on = node_for(zone, Holding::explicit_hosts, HostNeed::dane);
  std::vector<ZoneChange> changes;
  for (int i = 0; i < 1000; ++i) changes.push_back(host_change(zone, name("customer" + std::to_string(10000 + i) + "-example.s2.mx.hoster.example"), {}, on));
  const auto messages = fill(changes);
  EXPECT_EQ(messages.size(), 5U);
  EXPECT_GT(messages.front().hosts, 225U);  // two names each
}

}  // namespace
}  // namespace danewerk::zone::host_nodes
