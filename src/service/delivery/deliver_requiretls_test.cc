// RFC 8689 in delivery: REQUIRETLS towards hosts that can and cannot, notices that carry it, and TLS-Required: No.
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;
using types::RequireTls;
using Trick = TestServer::Trick;

void require_tls(types::NewMessage& message) { message.envelope.sender.require_tls = RequireTls::yes; }
void waive(types::NewMessage& message) { message.envelope.sender.require_tls = RequireTls::waived; }

// RFC 8689 4.2.1, RTL-01, RTL-03
TEST(DeliverRequireTls, is_said_to_a_host_that_dane_proves_and_that_offers_it) {
  World world;
  const Seen seen = run(world, {.tlsa = own_record, .shape = require_tls});
  ASSERT_EQ(seen.taken.size(), 1U) << seen.recipient().sentence;
  EXPECT_EQ(seen.taken[0].envelope.sender.require_tls, RequireTls::yes);
  EXPECT_TRUE(seen.taken[0].encrypted);
  EXPECT_EQ(evidence(seen.detail->attempts.at(0))["requiretls"], true);
  EXPECT_NE(seen.recipient().sentence.find("; with REQUIRETLS"), std::string::npos) << seen.recipient().sentence;
}

// RFC 8689 5, RTL-05: a notice carries it where the way back is as good, and is not lost where it is not
TEST(DeliverRequireTls, a_notice_carries_it_where_it_can) {
  {
    World world;
    const Seen proven = run(world, {.tlsa = own_record, .null_sender = true, .shape = require_tls});
    ASSERT_EQ(proven.taken.size(), 1U) << proven.recipient().sentence;
    EXPECT_EQ(proven.taken[0].envelope.sender.require_tls, RequireTls::yes);
  }
  {
    World world;  // TLS and the offer, but nobody authenticated: RFC 8689 2 forbids to say it
    const Seen unproven = run(world, {.null_sender = true, .shape = require_tls});
    ASSERT_EQ(unproven.taken.size(), 1U) << unproven.recipient().sentence;
    EXPECT_EQ(unproven.taken[0].envelope.sender.require_tls, RequireTls::no);
  }
  {
    World world;
    const Seen clear = run(world, {.trick = Trick::no_starttls, .null_sender = true, .shape = require_tls});
    ASSERT_EQ(clear.taken.size(), 1U) << clear.recipient().sentence;
    EXPECT_FALSE(clear.taken[0].encrypted);
    EXPECT_EQ(clear.taken[0].envelope.sender.require_tls, RequireTls::no);
  }
}

// RTL-04: DANE that fails waits; REQUIRETLS makes no bounce of it
TEST(DeliverRequireTls, a_mismatch_waits_all_the_same) {
  World world;
  const Seen seen = run(world, {.tlsa = wrong_record, .shape = require_tls});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(seen.code(), "4.7.323");
  EXPECT_FALSE(seen.mail_in_clear());
}

// RFC 8689 4.2.2, RTL-06: TLS is had where it can be, whatever the records say
TEST(DeliverWaived, a_wrong_certificate_does_not_stop_it) {
  World world;
  const Seen seen = run(world, {.tlsa = wrong_record, .shape = waive});
  ASSERT_EQ(seen.taken.size(), 1U) << seen.recipient().sentence;
  EXPECT_TRUE(seen.taken[0].encrypted);
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered);
  const auto hop = evidence(seen.detail->attempts.at(0))["hop"];
  EXPECT_EQ(hop["waived"], true);
  EXPECT_EQ(hop["audit"], "dane");
  EXPECT_EQ(evidence(seen.detail->attempts[0])["dane"]["verdict"], "not-matched");
  EXPECT_EQ(evidence(seen.recipient())["assurance"], "encrypted");
  EXPECT_NE(seen.recipient().sentence.find("by the sender's TLS-Required: No"), std::string::npos) << seen.recipient().sentence;
  EXPECT_TRUE(world.logged("tls_required=no"));
}

TEST(DeliverWaived, a_right_one_is_still_told) {
  World world;
  const Seen seen = run(world, {.tlsa = own_record, .shape = waive});
  ASSERT_EQ(seen.taken.size(), 1U);
  EXPECT_EQ(evidence(seen.recipient())["assurance"], "next_hop_authenticated");
  EXPECT_EQ(seen.taken[0].envelope.sender.require_tls, RequireTls::no) << "the header field goes on, no parameter is made of it";
}

TEST(DeliverWaived, no_tls_at_all_does_not_stop_it) {
  for (const Trick trick : {Trick::no_starttls, Trick::refuse_starttls, Trick::garbage_handshake}) {
    World world;
    const Seen seen = run(world, {.trick = trick, .tlsa = own_record, .shape = waive});
    ASSERT_EQ(seen.taken.size(), 1U) << seen.recipient().sentence;
    EXPECT_FALSE(seen.taken[0].encrypted);
    EXPECT_EQ(evidence(seen.recipient())["assurance"], "cleartext");
  }
}

// RFC 8689 4.2.2: not lost, and not final at the first 530, which speaks of a handshake that may succeed next time
TEST(DeliverWaived, a_server_that_insists_on_tls_and_fails_at_it_keeps_it_waiting) {
  const auto insists = [](const smtp::Request& request) -> std::optional<types::Reply> {
    if (!std::holds_alternative<smtp::SenderGiven>(request)) return std::nullopt;
    return smtp::make_reply(530, {5, 7, 0}, "Must issue a STARTTLS command first");
  };
  World world;
  const Seen seen = run(world, {.trick = Trick::garbage_handshake, .tlsa = own_record, .decide = insists, .shape = waive});
  EXPECT_TRUE(seen.taken.empty());
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_NE(seen.recipient().sentence.find("530"), std::string::npos) << seen.recipient().sentence;
}

TEST(DeliverWaived, a_bogus_tlsa_answer_does_not_stop_it) {
  World world;
  const Seen seen = run(world, {.tlsa = "bogus", .shape = waive});
  ASSERT_EQ(seen.taken.size(), 1U) << seen.recipient().sentence;
  EXPECT_TRUE(seen.taken[0].encrypted);
  EXPECT_EQ(evidence(seen.detail->attempts.at(0))["hop"]["reason"], "lookup_waived");
}

// decision 0055: the operator's rule stands above the sender's wish
TEST(DeliverWaived, the_operator_may_take_no_notice_of_it) {
  for (const auto use : {types::WaiverUse::ignore, types::WaiverUse::refuse}) {
    World world;
    world.parts->rules.waivers = use;
    const Seen seen = run(world, {.tlsa = wrong_record, .shape = waive});
    EXPECT_TRUE(seen.taken.empty());
    EXPECT_EQ(seen.code(), "4.7.323");
  }
}

}  // namespace
}  // namespace danewerk::service::test
