// Replies as records: all of them, from both sections, and nothing made of what is no reply.
#include "io/dns/signed_reply.h"

#include <gtest/gtest.h>

#include "io/dns/hand_made_message.h"

namespace danewerk::io::dns {
namespace {

const types::DnsQuestion asked{*types::DomainName::parse("_25._tcp.mx.test"), types::RecordType::tlsa};

HandMade reply(std::uint16_t flags = HandMade::qr | HandMade::ra) { return std::move(HandMade(1, flags).question("_25._tcp.mx.test", 52)); }

TEST(SignedReply, holds_answers_denials_and_signatures) {
  HandMade message = reply();
  const Bytes tlsa{3, 1, 1, 7}, nsec = HandMade::wire_name("z.test");
  message.rr(1, "_25._tcp.MX.test", 52, 60, tlsa).rr(1, "_25._tcp.mx.test", 46, 60, HandMade::rrsig(52, 2, 60, 2, 1));
  message.rr(1, "_25._tcp.mx.test", 52, 60, Bytes{3, 1});  // a cut-short TLSA record is a record of its set
  message.rr(2, "a.test", 47, 60, nsec);
  const auto records = read_records(message.bytes(), asked);
  ASSERT_TRUE(records.has_value()) << records.error().what;
  ASSERT_EQ(records->size(), 4U);
  EXPECT_EQ((*records)[0].owner, HandMade::wire_name("_25._tcp.mx.test")) << "names in lower case";
  EXPECT_EQ((*records)[0].rdata, tlsa);
  EXPECT_EQ((*records)[1].type, 46);
  EXPECT_EQ((*records)[2].type, 52);
  EXPECT_EQ((*records)[3].type, 47);
}

TEST(SignedReply, a_refusal_says_why) {
  HandMade message = reply(HandMade::qr | HandMade::ra | 2);  // SERVFAIL
  message.opt(HandMade::extended_error(9, "no DNSKEY"));
  const auto records = read_records(message.bytes(), asked);
  ASSERT_FALSE(records.has_value());
  EXPECT_EQ(records.error().kind, ErrorKind::refused);
  EXPECT_NE(records.error().what.find("SERVFAIL; 9 ("), std::string::npos) << records.error().what;
  EXPECT_NE(records.error().what.find("no DNSKEY"), std::string::npos);
}

TEST(SignedReply, nonsense_and_floods_are_errors) {
  EXPECT_EQ(read_records(Bytes{}, asked).error().kind, ErrorKind::malformed);
  EXPECT_EQ(read_records(Bytes(12, 0xff), asked).error().kind, ErrorKind::malformed);
  HandMade flood = reply();
  for (int i = 0; i < 501; ++i) flood.rr(1, "a.test", 1, 60, Bytes{192, 0, 2, static_cast<std::uint8_t>(i)});
  EXPECT_EQ(read_records(flood.bytes(), asked).error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace danewerk::io::dns
