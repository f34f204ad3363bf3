// Updates to, and questions at, a real knotd.
#include <gtest/gtest.h>

#include "io/dns/server_query.h"
#include "io/dns/signature.h"
#include "io/dns/test_knot.h"
#include "io/dns/zone_updater.h"
#include "io/dns/test_name.h"
#include "io/runtime/clock.h"
#include "io/runtime/reactor.h"

namespace danewerk::io::dns {
namespace {

using namespace types;
using test::name;
using namespace std::chrono_literals;

constexpr std::string_view tlsa_name = "_25._tcp.mx.example.test";

RrSet tlsa_of(std::string_view owner, char digit) {
  return RrSet::of(name(owner), RecordType::tlsa, Ttl{300}, {*TlsaRecord::parse("3 1 1 " + std::string(64, digit))});
}
ZoneChange replace(char from, char to) {
  return {name("example.test"), {RrSetIs{tlsa_of(tlsa_name, from)}}, {DeleteRrSet{name(tlsa_name), RecordType::tlsa}}, {tlsa_of(tlsa_name, to)}};
}

struct RealKnot : testing::Test {
  void SetUp() override {
    peers = dns_peers();
    if (!peers) GTEST_SKIP() << "no knotd: run lab/fetch-peers, or set DANEWERK_PEERS";
  }
  void start(const std::string& preload = {}) {
    knot.emplace(*peers, preload);
    ASSERT_TRUE(knot->ready) << knot->daemon->log();
  }
  DnsZoneUpdater updater(std::string_view key_text) { return {{knot->endpoint(), *TsigKey::parse(key_text), 10s}, entropy}; }

  std::optional<std::string> peers;
  std::optional<TestKnot> knot;
  SeededEntropy entropy{11};
  SystemClock clock;
};

Task<> expect(ZoneUpdater& updater, ZoneChange change, std::optional<UpdateErrorKind> kind) {
  const auto done = co_await updater.apply(std::move(change));
  EXPECT_EQ(done.has_value(), !kind.has_value()) << (done ? "" : done.error().what);
  if (!done && kind) {
    EXPECT_EQ(done.error().kind, *kind) << done.error().what;
  }
}

Task<> update_and_read_back(RealKnot& test) {
  DnsZoneUpdater updater = test.updater(TestKnot::good_key);
  const Endpoint server = test.knot->endpoint();
  const auto before = co_await ask_serial(server, name("example.test"), test.entropy, 5s);
  co_await expect(updater, replace('a', 'b'), std::nullopt);
  co_await expect(updater, replace('a', 'c'), UpdateErrorKind::prerequisite_failed);  // DDNS-02: somebody was first
  const auto after = co_await ask_serial(server, name("example.test"), test.entropy, 5s);
  EXPECT_GT(*after, *before);  // DDNS-05
  DnsQuestion question{name(tlsa_name), RecordType::tlsa};
  const auto held = co_await ask_server(server, question, test.entropy, 5s);
  EXPECT_TRUE(held->authoritative);
  EXPECT_TRUE(held->set.same_records(tlsa_of(tlsa_name, 'b')));
  EXPECT_EQ(held->set.ttl, Ttl{300});
  ZoneChange absent{name("example.test"), {RrSetAbsent{name(tlsa_name), RecordType::tlsa}}, {}, {tlsa_of(tlsa_name, 'd')}};
  co_await expect(updater, absent, UpdateErrorKind::prerequisite_failed);
  ZoneChange many{name("example.test"), {NameFree{name("n0.example.test")}}, {}, {}};
  for (int i = 0; i < 500; ++i) many.adds.push_back(tlsa_of("_25._tcp.n" + std::to_string(i) + ".example.test", 'e'));
  co_await expect(updater, many, std::nullopt);
  DnsQuestion last{name("_25._tcp.n499.example.test"), RecordType::tlsa};
  const auto there = co_await ask_server(server, last, test.entropy, 5s);
  EXPECT_EQ(there->existence, Existence::records);
  ZoneChange gone{name("example.test"), {}, {DeleteName{last.name}}, {}};
  co_await expect(updater, gone, std::nullopt);
  const auto no_more = co_await ask_server(server, last, test.entropy, 5s);
  EXPECT_EQ(no_more->existence, Existence::no_name);
}

TEST_F(RealKnot, takes_changes_whole_or_not_at_all) {
  start();
  run_to_end(update_and_read_back(*this));
}

Task<> keys_and_zones(RealKnot& test) {
  DnsZoneUpdater good = test.updater(TestKnot::good_key);
  DnsZoneUpdater unknown = test.updater("hmac-sha256:nobody:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  DnsZoneUpdater wrong = test.updater("hmac-sha256:writer:WFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFg=");
  DnsZoneUpdater stranger = test.updater("hmac-sha256:stranger:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  DnsZoneUpdater longer = test.updater("hmac-sha512:writer512:" + TestKnot::long_secret);
  co_await expect(unknown, replace('a', 'b'), UpdateErrorKind::bad_key);
  co_await expect(wrong, replace('a', 'b'), UpdateErrorKind::bad_signature);
  // Knot knows the key but not for this zone; RFC 2136 3.3.2 would have REFUSED.
  co_await expect(stranger, replace('a', 'b'), UpdateErrorKind::bad_key);
  ZoneChange closed{name("closed.test"), {}, {}, {tlsa_of("_25._tcp.closed.test", 'a')}};
  co_await expect(good, closed, UpdateErrorKind::bad_key);
  ZoneChange elsewhere{name("other.test"), {}, {}, {tlsa_of("_25._tcp.other.test", 'a')}};
  // Knot does not sign its NOTAUTH for a zone it does not hold, so anybody could have said it (DDNS-07).
  co_await expect(good, elsewhere, UpdateErrorKind::unsigned_reply);
  co_await expect(longer, replace('a', 'b'), std::nullopt);
}

TEST_F(RealKnot, says_which_key_or_zone_is_wrong) {
  start();
  run_to_end(keys_and_zones(*this));
}

Task<> clocks_differ(RealKnot& test) {
  DnsZoneUpdater updater = test.updater(TestKnot::good_key);
  const auto done = co_await updater.apply(replace('a', 'b'));
  EXPECT_EQ(done.error().kind, UpdateErrorKind::bad_time) << done.error().what;
  EXPECT_NE(done.error().what.find("its clock says 20"), std::string::npos) << done.error().what;
}

TEST_F(RealKnot, a_server_with_another_clock_says_badtime) {
  start(DANEWERK_SKEWED_TIME);
  run_to_end(clocks_differ(*this));
}

Task<> signatures(RealKnot& test) {
  const Endpoint server = test.knot->endpoint();
  const DomainName zone = name("example.test");
  DnsQuestion keys_question{zone, RecordType::dnskey};
  DnsQuestion tlsa_question{name(tlsa_name), RecordType::tlsa};
  DnsQuestion wild_question{name("_25._tcp.host.w.example.test"), RecordType::a};
  const auto keys = co_await ask_server(server, keys_question, test.entropy, 5s);
  const auto held = co_await ask_server(server, tlsa_question, test.entropy, 5s);
  const auto wild = co_await ask_server(server, wild_question, test.entropy, 5s);
  const Instant now = test.clock.now();
  const auto verified = verify_rrset(held->set, held->signatures, zone, keys->set.rdatas, now);
  EXPECT_TRUE(verified.has_value()) << verified.error().what;
  EXPECT_GT(verified->expiration, now + 24h);
  EXPECT_EQ(verified->key_tag, *key_tag_of(keys->set.rdatas.at(0)));
  EXPECT_TRUE(verify_rrset(keys->set, keys->signatures, zone, keys->set.rdatas, now).has_value());
  EXPECT_TRUE(verify_rrset(wild->set, wild->signatures, zone, keys->set.rdatas, now).has_value());  // RFC 4035 5.3.2
  RrSet altered = held->set;
  altered.rdatas[0].back() ^= 1;
  EXPECT_FALSE(verify_rrset(altered, held->signatures, zone, keys->set.rdatas, now).has_value());
  EXPECT_FALSE(verify_rrset(held->set, held->signatures, zone, keys->set.rdatas, now + 30 * 24h).has_value());
  EXPECT_FALSE(verify_rrset(held->set, held->signatures, zone, keys->set.rdatas, now - 30 * 24h).has_value());
  EXPECT_FALSE(verify_rrset(held->set, held->signatures, name("test"), keys->set.rdatas, now).has_value());
  EXPECT_FALSE(verify_rrset(held->set, {}, zone, keys->set.rdatas, now).has_value());
  EXPECT_FALSE(verify_rrset(held->set, held->signatures, zone, {}, now).has_value());
  std::vector<Bytes> damaged = held->signatures;
  damaged.at(0).back() ^= 1;
  EXPECT_FALSE(verify_rrset(held->set, damaged, zone, keys->set.rdatas, now).has_value());
  damaged.push_back(held->signatures.at(0));
  EXPECT_TRUE(verify_rrset(held->set, damaged, zone, keys->set.rdatas, now).has_value());  // one good one is enough
  const auto ds = ds_of(zone, keys->set.rdatas.at(0));
  const std::string keymgr = *test.peers + "/usr/sbin/keymgr -c " + test.knot->dir.path("knot.conf") + " example.test ds";
  EXPECT_NE(TestDaemon::run(*test.peers, keymgr).find(to_hex(ByteView(*ds).subspan(4))), std::string::npos);
}

TEST_F(RealKnot, signatures_verify_and_nothing_else_does) {  // DDNS-03, RES-11
  start();
  run_to_end(signatures(*this));
}

}  // namespace
}  // namespace danewerk::io::dns
