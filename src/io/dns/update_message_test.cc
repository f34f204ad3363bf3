#include "io/dns/update_message.h"

#include <gtest/gtest.h>

#include <ctime>

#include "io/dns/hand_made_message.h"
#include "io/dns/packet.h"
#include "io/dns/test_dns_server.h"
#include "io/dns/test_name.h"
#include "io/runtime/reactor.h"

namespace danewerk::io::dns {
namespace {

using namespace types;
using test::name;
using namespace std::chrono_literals;

constexpr std::uint16_t id = 0x4711;
const Bytes secret(32, 'k');

TsigKey key() { return {name("writer"), TsigAlgorithm::hmac_sha256, secret}; }
RrSet tlsa(std::string_view owner, std::uint8_t octet) {
  return RrSet::of(name(owner), RecordType::tlsa, Ttl{300}, {TlsaRecord{TlsaUsage::dane_ee, TlsaSelector::spki, TlsaMatching::sha2_256, Bytes(2, octet)}});
}
ZoneChange replacement() {
  ZoneChange change;
  change.zone = name("x.test");
  change.prerequisites.push_back(RrSetIs{tlsa("_25._tcp.x.test", 0xaa)});
  change.deletes.push_back(DeleteRrSet{name("_25._tcp.x.test"), RecordType::tlsa});
  change.adds.push_back(tlsa("_25._tcp.x.test", 0xbb));
  return change;
}

TEST(UpdateMessage, encodes_rfc_2136) {  // DDNS-01, DDNS-02
  const auto update = build_update(id, replacement(), key());
  ASSERT_TRUE(update.has_value()) << update.error().what;
  const std::string owner = "035f3235" "045f746370" "c00c";
  EXPECT_EQ(to_hex(update->wire).substr(0, 2 * (12 + 12 + 3 * 21 + 2 * 5)),
            "4711" "2800" "0001" "0001" "0002" "0001"                                // opcode 5, TSIG counted
            "0178" "0474657374" "00" "0006" "0001" +                                 // x.test SOA IN
                owner + "0034" "0001" "00000000" "0005" "030101aaaa" +               // exactly this RRset: class IN, TTL 0
                owner + "0034" "00ff" "00000000" "0000" +                            // delete RRset: class ANY
                owner + "0034" "0001" "0000012c" "0005" "030101bbbb");               // add
  EXPECT_EQ(update->mac.size(), 32U);
}

TEST(UpdateMessage, every_kind_of_prerequisite_and_deletion) {
  ZoneChange change;
  change.zone = DomainName{};
  change.prerequisites = {RrSetExists{name("a"), RecordType::a}, RrSetAbsent{name("a"), RecordType::a}, NameInUse{name("a")}, NameFree{name("a")}};
  change.deletes = {DeleteName{name("a")}, DeleteRecord{name("a"), RecordType::a, Bytes{1, 2, 3, 4}}};
  const auto update = build_update(id, change, key());
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(to_hex(update->wire).substr(0, 2 * (12 + 5 + 5 * 13 + 17)),
            "4711" "2800" "0001" "0004" "0002" "0001" "00" "0006" "0001"
            "016100" "0001" "00ff" "00000000" "0000"
            "016100" "0001" "00fe" "00000000" "0000"
            "016100" "00ff" "00ff" "00000000" "0000"
            "016100" "00ff" "00fe" "00000000" "0000"
            "016100" "00ff" "00ff" "00000000" "0000"
            "016100" "0001" "00fe" "00000000" "0004" "01020304");
}

TEST(UpdateMessage, refuses_what_cannot_be_meant) {
  const auto kind = [](const ZoneChange& change) { return build_update(id, change, key()).error().kind; };
  ZoneChange outside = replacement();
  outside.adds[0].name = name("y.test");
  EXPECT_EQ(kind(outside), UpdateErrorKind::not_in_zone);
  ZoneChange empty_set = replacement();
  empty_set.prerequisites.push_back(RrSetIs{RrSet{name("x.test"), RecordType::a, Ttl{1}, {}}});
  EXPECT_EQ(kind(empty_set), UpdateErrorKind::invalid_change);
  ZoneChange no_rdata = replacement();
  no_rdata.adds[0].rdatas.emplace_back();
  EXPECT_EQ(kind(no_rdata), UpdateErrorKind::invalid_change);
  ZoneChange huge = replacement();
  huge.adds[0].rdatas.assign(30, Bytes(2500, 1));
  EXPECT_EQ(kind(huge), UpdateErrorKind::too_large);
}

/// A server's view of a reply: header bits, RCODE, TSIG by `with`, over the request's MAC.
Bytes reply_to(const SignedUpdate& update, unsigned rcode, const Bytes& with = secret, std::uint16_t reply_id = id) {
  HandMade reply(reply_id, static_cast<std::uint16_t>(0xa800U | rcode));
  reply.more(0).name("x.test").u16(6).u16(1);
  Bytes wire = reply.bytes();
  std::size_t size = wire.size();
  Bytes owner = to_wire(name("writer"));
  Bytes copy = with;
  const knot_tsig_key_t knot_key{DNSSEC_TSIG_HMAC_SHA256, owner.data(), {copy.size(), copy.data()}};
  wire.resize(size + 512);
  Bytes mac(64);
  std::size_t mac_size = mac.size();
  EXPECT_EQ(knot_tsig_sign(wire.data(), &size, wire.size(), update.mac.data(), update.mac.size(), mac.data(), &mac_size, &knot_key, 0, 0), KNOT_EOK);
  wire.resize(size);
  return wire;
}

struct UpdateReply : testing::Test {
  SignedUpdate update = *build_update(id, replacement(), key());
  UpdateErrorKind fault(const Bytes& wire) {
    const auto got = read_update_reply(wire, update, key());
    EXPECT_FALSE(got.has_value());
    return got ? UpdateErrorKind::timeout : got.error().kind;
  }
};

TEST_F(UpdateReply, only_a_signed_noerror_is_success) {  // DDNS-07
  EXPECT_TRUE(read_update_reply(reply_to(update, 0), update, key()).has_value());
  EXPECT_EQ(fault(HandMade(id, 0xa800).bytes()), UpdateErrorKind::unsigned_reply);
  EXPECT_NE(read_update_reply(HandMade(id, 0xa809).bytes(), update, key()).error().what.find("does not hold the zone"), std::string::npos);
  EXPECT_NE(read_update_reply(HandMade(id, 0xa805).bytes(), update, key()).error().what.find("another secret"), std::string::npos);
  EXPECT_EQ(fault(reply_to(update, 0, Bytes(32, 'x'))), UpdateErrorKind::bad_reply);
  EXPECT_EQ(fault(reply_to(update, 0, secret, id + 1)), UpdateErrorKind::bad_reply);
  SignedUpdate another = *build_update(id, ZoneChange{name("x.test"), {}, {}, {tlsa("x.test", 1)}}, key());
  EXPECT_EQ(fault(reply_to(another, 0)), UpdateErrorKind::bad_reply);  // a reply to another request, replayed
  Bytes tampered = reply_to(update, 5);
  tampered[3] = 0;  // REFUSED made NOERROR
  EXPECT_EQ(fault(tampered), UpdateErrorKind::bad_reply);
  for (std::size_t size = 0; size < tampered.size(); ++size) {
    const auto cut = read_update_reply(ByteView(reply_to(update, 0)).subspan(0, size), update, key());
    EXPECT_FALSE(cut.has_value());
  }
}

TEST_F(UpdateReply, rcodes_have_names) {  // DDNS-04
  const std::vector<std::pair<unsigned, UpdateErrorKind>> table{
      {1, UpdateErrorKind::format_error},        {2, UpdateErrorKind::server_failure},      {3, UpdateErrorKind::prerequisite_failed},
      {4, UpdateErrorKind::not_implemented},     {5, UpdateErrorKind::refused},             {6, UpdateErrorKind::prerequisite_failed},
      {7, UpdateErrorKind::prerequisite_failed}, {8, UpdateErrorKind::prerequisite_failed}, {9, UpdateErrorKind::not_authoritative},
      {10, UpdateErrorKind::not_in_zone},        {15, UpdateErrorKind::server_failure}};
  for (const auto& [rcode, kind] : table) EXPECT_EQ(fault(reply_to(update, rcode)), kind) << rcode;
  EXPECT_TRUE((UpdateError{UpdateErrorKind::server_failure, {}}).is_retryable());
  EXPECT_FALSE((UpdateError{UpdateErrorKind::prerequisite_failed, {}}).is_retryable());
  EXPECT_TRUE((UpdateError{UpdateErrorKind::timeout, {}}).may_have_happened());
}

TEST(TsigKey, refuses_weak_keys) {  // DDNS-08
  EXPECT_TRUE(TsigKey::parse("hmac-sha256:writer:" + to_base64(secret)).has_value());
  for (const std::string& bad : {std::string("hmac-md5:writer:" + to_base64(secret)), std::string("hmac-sha1:w:" + to_base64(secret)),
                                 std::string("hmac-sha512:writer:" + to_base64(secret)), std::string("hmac-sha256:writer:???"),
                                 std::string("hmac-sha256:" + to_base64(secret)), std::string("hmac-sha256:a b:" + to_base64(secret))}) {
    const auto parsed = TsigKey::parse(bad);
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_EQ(parsed.error().what.find(to_base64(secret)), std::string::npos);
  }
}

Task<> nobody_and_silence() {
  SeededEntropy entropy(3);
  auto silent = [](ByteView, TestDnsServer::Transport) { return std::vector<Bytes>{}; };
  TestDnsServer::Handler handler = silent;
  TestDnsServer server(co_await this_executor(), "127.0.0.1", handler);
  DnsZoneUpdater updater({server.endpoint(), key(), 50ms}, entropy);
  const auto hung_up = co_await updater.apply(replacement());
  EXPECT_EQ(hung_up.error().kind, UpdateErrorKind::unreachable);  // the server closes without a word
  EXPECT_TRUE(hung_up.error().may_have_happened());
  co_await server.stop();
  const auto nobody = co_await updater.apply(replacement());
  EXPECT_EQ(nobody.error().kind, UpdateErrorKind::unreachable);
  EXPECT_TRUE(nobody.error().is_retryable());
}

TEST(ZoneUpdater, no_server_no_success) { run_to_end(nobody_and_silence()); }

}  // namespace
}  // namespace danewerk::io::dns
