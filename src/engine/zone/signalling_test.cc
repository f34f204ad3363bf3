#include "engine/zone/signalling.h"

#include <gtest/gtest.h>

namespace danewerk::zone {
namespace {

using types::RecordType;
using types::RrSet;

types::DomainName domain_of(std::string_view text) { return *types::DomainName::parse(text); }

ZoneState with_servers(std::vector<types::DomainName> names) {
  ZoneState zone;
  zone.apex = domain_of("mx.hoster.example");
  zone.servers.resize(1);
  zone.servers[0].name_servers = std::move(names);
  zone.cds = {{0x30, 0x39, 13, 2, 0xab}};
  zone.cdnskey = {{1, 1, 3, 13, 'k', 'e', 'y'}};
  return zone;
}

types::Lookup found(const RrSet& wanted, std::vector<Bytes> rdatas, types::DnssecStatus status) {
  types::Secured<types::DnsAnswer> answer;
  answer.status = status;
  answer.value.question = {wanted.name, wanted.type};
  for (Bytes& rdata : rdatas) answer.value.records.push_back(types::RawRecord{std::move(rdata)});
  return answer;
}

TEST(Signalling, below_each_name_server_outside_of_the_zone) {  // PUB-14
  const auto sets = signalling_sets(with_servers({domain_of("ns1.mx.hoster.example"), domain_of("ns2.elsewhere.example")}));
  ASSERT_EQ(sets.size(), 2U) << "a server within the zone would vouch for itself";
  EXPECT_EQ(sets[0].name, domain_of("_dsboot.mx.hoster.example._signal.ns2.elsewhere.example"));
  EXPECT_EQ(sets[0].type, RecordType::cds);
  EXPECT_EQ(signal_text(sets[0], sets[0].rdatas[0]), "12345 13 2 ab");
  EXPECT_EQ(sets[1].type, RecordType::cdnskey);
  EXPECT_EQ(signal_text(sets[1], sets[1].rdatas[0]), "257 3 13 a2V5");
  ZoneState silent = with_servers({domain_of("ns2.elsewhere.example")});
  silent.cds.clear();
  EXPECT_TRUE(signalling_sets(silent).empty()) << "nothing at the apex, nothing to repeat";
}

TEST(Signalling, what_a_resolver_finds) {
  const RrSet wanted = signalling_sets(with_servers({domain_of("ns2.elsewhere.example")}))[0];
  const Bytes other{1, 2, 13, 2, 3};
  const auto secure = types::DnssecStatus::secure;
  EXPECT_EQ(judge_signal(wanted, found(wanted, wanted.rdatas, secure)), Signal::there);
  EXPECT_EQ(judge_signal(wanted, found(wanted, wanted.rdatas, types::DnssecStatus::insecure)), Signal::insecure);
  EXPECT_EQ(judge_signal(wanted, found(wanted, {}, secure)), Signal::missing);
  EXPECT_EQ(judge_signal(wanted, found(wanted, {wanted.rdatas[0], other}, secure)), Signal::differs);
  EXPECT_EQ(judge_signal(wanted, Failure{types::LookupError{}}), Signal::unseen);
}

}  // namespace
}  // namespace danewerk::zone
