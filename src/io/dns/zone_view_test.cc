#include "io/dns/zone_view.h"

#include <gtest/gtest.h>

#include "io/dns/hand_made_message.h"

namespace danewerk::io::dns {
namespace {

const types::DomainName zone = *types::DomainName::parse("mx.test");
const types::Endpoint server = *types::Endpoint::parse("192.0.2.53:53");
constexpr unsigned ns = 2;

TEST(Delegation, stands_in_the_authority_section) {  // RFC 1034 4.2.1
  HandMade reply(1, HandMade::qr);
  reply.question("mx.test", ns).rr(2, "mx.test", ns, 5, HandMade::wire_name("ns1.mx.test")).rr(2, "MX.test", ns, 5, HandMade::wire_name("NS2.elsewhere.test"));
  const auto names = read_delegation(reply.bytes(), server, zone);
  ASSERT_TRUE(names) << names.error().what;
  EXPECT_EQ(*names, (std::vector{*types::DomainName::parse("ns1.mx.test"), *types::DomainName::parse("ns2.elsewhere.test")}));
}

TEST(Delegation, a_referral_to_another_zone_is_none) {
  HandMade reply(1, HandMade::qr);
  reply.question("mx.test", ns).rr(2, "test", ns, 5, HandMade::wire_name("ns1.test"));
  EXPECT_EQ(read_delegation(reply.bytes(), server, zone).error().kind, ErrorKind::not_found);
  HandMade refused(1, HandMade::qr | 5);
  refused.question("mx.test", ns);
  const auto fault = read_delegation(refused.bytes(), server, zone);
  EXPECT_EQ(fault.error().kind, ErrorKind::refused);
  EXPECT_NE(fault.error().what.find("192.0.2.53:53: the server says REFUSED"), std::string::npos) << fault.error().what;
  EXPECT_EQ(read_delegation(Bytes(3, 0), server, zone).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace danewerk::io::dns
