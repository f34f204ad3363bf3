// Delivery on DANE's terms over real sockets and real TLS: what is sent, what never is, and what is written down about it.
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using Trick = TestServer::Trick;
using types::RecipientState;

// TL-11 (a), CRT-01; design.md 2.5: the trace names the record it rests on
TEST(DeliverDane, a_matching_record_delivers_and_is_named_in_the_evidence) {
  World world;
  const Seen seen = run(world, {.tlsa = "secure %"});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  EXPECT_EQ(seen.code(), "2.0.0");
  ASSERT_EQ(seen.taken.size(), 1U);
  EXPECT_TRUE(seen.taken[0].encrypted);
  EXPECT_EQ(seen.taken[0].text, "Received: by test\r\nSubject: hello\r\n\r\nthe text\r\n.dot\r\n");
  EXPECT_EQ(types::to_string(seen.taken[0].envelope.sender.path), "ann@contoso.test");
  EXPECT_FALSE(seen.mail_in_clear()) << seen.clear;
  ASSERT_EQ(seen.server_names.size(), 1U);
  EXPECT_EQ(seen.server_names[0], "mx.test");  // SNI-01
  ASSERT_EQ(seen.detail->attempts.size(), 1U);
  const auto json = evidence(seen.detail->attempts[0]);
  EXPECT_EQ(json["dane"]["verdict"], "matched");
  EXPECT_EQ(json["dane"]["record"], json["hop"]["published"][0]);
  EXPECT_EQ(json["channel"], "tls");
  EXPECT_EQ(json["mail_octets_in_clear"], 0);
  EXPECT_EQ(json["hop"]["level"], "dane");
  EXPECT_EQ(evidence(seen.recipient())["assurance"], types::to_string(types::Assurance::next_hop_authenticated));
  EXPECT_TRUE(world.logged("delivery.delivered queue=" + seen.detail->entry.id.to_string()));
  EXPECT_EQ(seen.notice, "");
}

// TL-11 (a), RFC 7672 2.2: no match, no mail; design.md 9.8: it waits
TEST(DeliverDane, a_mismatch_waits_and_the_server_hears_no_mail) {
  World world;
  const Seen seen = run(world, {.tlsa = "secure 3 1 1 " + zeros});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(seen.code(), "4.7.323") << seen.recipient().sentence;
  EXPECT_EQ(seen.recipient().next_at, start + std::chrono::minutes(15));
  EXPECT_EQ(seen.sessions, 1);
  EXPECT_TRUE(seen.taken.empty());
  EXPECT_EQ(seen.clear, "EHLO out.danewerk.test\r\nSTARTTLS\r\n") << "and not one octet more in clear";
  const auto json = evidence(seen.detail->attempts.at(0));
  EXPECT_EQ(json["end"], "not_authenticated");
  EXPECT_EQ(json["presented"].size(), 1U);
  EXPECT_EQ(json["mail_octets_in_clear"], 0);
  EXPECT_NE(seen.recipient().sentence.find(zeros), std::string::npos) << seen.recipient().sentence;
  EXPECT_EQ(seen.notice, "");
}

struct NoTls : testing::TestWithParam<Trick> {};

// RFC 7672 2.2, TL-11 (a): whatever a server does instead of TLS, mail for it waits
TEST_P(NoTls, with_a_secure_record_nothing_is_sent_in_clear) {
  World world;
  const Seen seen = run(world, {.trick = GetParam(), .tlsa = "secure %"});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(seen.code(), "4.7.321") << seen.recipient().sentence;
  EXPECT_EQ(seen.sessions, 1) << "there is no second try in clear";
  EXPECT_FALSE(seen.mail_in_clear()) << seen.clear;
  EXPECT_TRUE(seen.taken.empty());
  EXPECT_EQ(evidence(seen.detail->attempts.at(0))["mail_octets_in_clear"], 0);
  EXPECT_EQ(evidence(seen.recipient())["fault"]["failure"], "starttls-not-supported");
}

// TL-11 (b), TL-12: records of which none is usable demand TLS, and no more
TEST_P(NoTls, with_unusable_records_nothing_is_sent_in_clear) {
  World world;
  const Seen seen = run(world, {.trick = GetParam(), .tlsa = "secure 0 0 1 " + zeros});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(seen.code(), "4.7.321") << seen.recipient().sentence;
  EXPECT_FALSE(seen.mail_in_clear()) << seen.clear;
  EXPECT_TRUE(seen.taken.empty());
}

// TL-11 (c): the only way to a message in clear
TEST_P(NoTls, without_records_it_is_delivered_in_clear) {
  World world;
  const Seen seen = run(world, {.trick = GetParam()});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  ASSERT_EQ(seen.taken.size(), 1U);
  EXPECT_FALSE(seen.taken[0].encrypted);
  EXPECT_TRUE(seen.mail_in_clear());
  const bool failed_late = GetParam() == Trick::reset_after_220 || GetParam() == Trick::garbage_handshake;
  EXPECT_EQ(seen.sessions, failed_late ? 2 : 1);
  EXPECT_EQ(evidence(seen.recipient())["assurance"], types::to_string(types::Assurance::cleartext));
  const auto last = evidence(seen.detail->attempts.back());
  EXPECT_EQ(last["channel"], "cleartext");
  EXPECT_GT(last.number("mail_octets_in_clear"), 100) << "what went in clear is said";
  if (failed_late) {
    EXPECT_EQ(evidence(seen.detail->attempts.front())["mail_octets_in_clear"], 0);
  }
}

std::string trick_name(const testing::TestParamInfo<Trick>& info) {
  switch (info.param) {
    case Trick::no_starttls: return "not_offered";
    case Trick::refuse_starttls: return "refused_454";
    case Trick::reset_after_220: return "reset_after_220";
    default: return "garbage_handshake";
  }
}
INSTANTIATE_TEST_SUITE_P(DeliverDane, NoTls,
                         testing::Values(Trick::no_starttls, Trick::refuse_starttls, Trick::reset_after_220, Trick::garbage_handshake), trick_name);

// TL-11 (b)
TEST(DeliverDane, unusable_records_deliver_over_tls_to_whoever_answers) {
  World world;
  const Seen seen = run(world, {.tlsa = "secure 0 0 1 " + zeros});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  ASSERT_EQ(seen.taken.size(), 1U);
  EXPECT_TRUE(seen.taken[0].encrypted);
  EXPECT_FALSE(seen.mail_in_clear());
  EXPECT_EQ(evidence(seen.recipient())["assurance"], types::to_string(types::Assurance::encrypted));
}

// TL-09, RES-02, RFC 7672 2.1.2: a lookup that failed is not "no records"
TEST(DeliverDane, a_bogus_record_keeps_us_from_connecting) {
  for (const std::string failure : {"bogus", "servfail", "timeout"}) {
    World world;
    const Seen seen = run(world, {.tlsa = failure});
    EXPECT_EQ(seen.recipient().state, RecipientState::waiting) << failure;
    EXPECT_EQ(seen.code(), "4.7.324") << failure;
    EXPECT_EQ(seen.sessions, 0) << failure;
    EXPECT_EQ(evidence(seen.recipient())["fault"]["lookup"]["error"]["kind"], failure == "servfail" ? "server_failure" : failure);
  }
}

// TL-13: an unsigned record is never used, neither for nor against
TEST(DeliverDane, an_insecure_record_is_as_none) {
  World world;
  const Seen seen = run(world, {.tlsa = "insecure 3 1 1 " + zeros});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  EXPECT_TRUE(seen.taken.at(0).encrypted);
  EXPECT_EQ(evidence(seen.recipient())["assurance"], types::to_string(types::Assurance::encrypted));
}

struct TwoHosts {
  TestIdentity identity = make_identity("mx.test");
  std::optional<types::QueueDetail> detail;
  int at_first = 0, at_second = 0;
  std::string clear_at_first;
  std::vector<TestServer::Taken> taken_by_second;
};

io::Task<> two_hosts(World& world, std::string first_record, std::string mx_status, TwoHosts& seen) {
  const io::Executor executor = co_await io::this_executor();
  TestServer first(executor, "127.0.0.1:0", seen.identity.context);
  TestServer second(executor, "127.0.0.2:" + first.port(), seen.identity.context);
  first.start();
  second.start();
  world.knows("zone dest.test " + mx_status + "\n");
  world.knows("dest.test MX " + mx_status + " 10 mx10.test\ndest.test MX " + mx_status + " 20 mx20.test\n");
  world.knows("mx10.test A secure 127.0.0.1\nmx20.test A secure 127.0.0.2\n");
  world.knows("_" + first.port() + "._tcp.mx10.test TLSA " + first_record + "\n");
  world.knows("_" + first.port() + "._tcp.mx20.test TLSA secure " + seen.identity.record + "\n");
  seen.detail = co_await one_round(world, message_to("dest.test:" + first.port()));
  co_await first.stop();
  co_await second.stop();
  seen.at_first = first.sessions;
  seen.at_second = second.sessions;
  seen.clear_at_first = first.clear;
  seen.taken_by_second = second.taken;
}

// design.md 9.8: a mismatch never bounces; the next host first
TEST(DeliverDane, after_a_mismatch_the_next_host_is_tried) {
  World world;
  TwoHosts seen;
  io::run_to_end(two_hosts(world, "secure 3 1 1 " + zeros, "secure", seen));
  EXPECT_EQ(seen.detail->recipients.at(0).state, RecipientState::delivered) << seen.detail->recipients.at(0).sentence;
  EXPECT_EQ(seen.clear_at_first, "EHLO out.danewerk.test\r\nSTARTTLS\r\n");
  EXPECT_EQ(seen.taken_by_second.size(), 1U);
  ASSERT_EQ(seen.detail->attempts.size(), 2U);
  EXPECT_EQ(seen.detail->attempts[0].code.to_string(), "4.7.323");
  EXPECT_EQ(seen.detail->attempts[0].host, "mx10.test");
  EXPECT_EQ(seen.detail->attempts[1].host, "mx20.test");
  EXPECT_EQ(evidence(seen.detail->recipients[0])["assurance"], types::to_string(types::Assurance::next_hop_authenticated));
}

// TL-09: a host whose lookup failed is no host; the others are
TEST(DeliverDane, a_host_with_a_bogus_record_is_left_out) {
  World world;
  TwoHosts seen;
  io::run_to_end(two_hosts(world, "bogus", "secure", seen));
  EXPECT_EQ(seen.detail->recipients.at(0).state, RecipientState::delivered);
  EXPECT_EQ(seen.at_first, 0);
  EXPECT_EQ(seen.at_second, 1);
}

// MX-07, design.md 9.2
TEST(DeliverDane, an_unsigned_mx_is_never_reported_as_authenticated_next_hop) {
  World world;
  TwoHosts seen;
  io::run_to_end(two_hosts(world, "secure 3 1 1 " + zeros, "insecure", seen));
  EXPECT_EQ(seen.detail->recipients.at(0).state, RecipientState::delivered) << seen.detail->recipients.at(0).sentence;
  EXPECT_EQ(seen.clear_at_first, "EHLO out.danewerk.test\r\nSTARTTLS\r\n");
  EXPECT_EQ(evidence(seen.detail->recipients[0])["assurance"], types::to_string(types::Assurance::host_authenticated));
  EXPECT_TRUE(world.logged("delivery.mx_insecure"));
}

}  // namespace
}  // namespace danewerk::service::test
