// A round of delivery: which reply means what for whom, which address comes next, and when the round is over.
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;
using Trick = TestServer::Trick;

/// Says `reply` wherever a request of that kind comes.
template <class Kind>
TestServer::Decide at(int code, types::EnhancedCode enhanced) {
  return [code, enhanced](const smtp::Request& request) -> std::optional<types::Reply> {
    if (!std::holds_alternative<Kind>(request)) return std::nullopt;
    return smtp::make_reply(code, enhanced, "so be it");
  };
}

struct Refusal {
  const char* name;
  TestServer::Decide decide;
  RecipientState state;
  const char* code;
};

// RFC 5321 4.2.1; design.md 9.8: a refused session may pass, a refused message may not
TEST(DeliverRound, replies_at_each_phase) {
  const auto waits = RecipientState::waiting;
  const auto fails = RecipientState::failed;
  const std::vector<Refusal> all = {
      {"greeting 421", at<smtp::Connected>(421, {4, 3, 2}), waits, "4.0.0"},
      {"greeting 554", at<smtp::Connected>(554, {5, 7, 1}), waits, "4.0.0"},  // RFC 2034 3: no such codes before EHLO offers them
      {"MAIL 451", at<smtp::SenderGiven>(451, {4, 7, 1}), waits, "4.7.1"},
      {"MAIL 550", at<smtp::SenderGiven>(550, {5, 7, 1}), fails, "5.7.1"},
      {"RCPT 450", at<smtp::RecipientGiven>(450, {4, 2, 1}), waits, "4.2.1"},
      {"RCPT 550", at<smtp::RecipientGiven>(550, {5, 1, 1}), fails, "5.1.1"},
      {"DATA 451", at<smtp::BodyStart>(451, {4, 3, 0}), waits, "4.3.0"},
      {"DATA 554", at<smtp::BodyStart>(554, {5, 5, 1}), fails, "5.5.1"},
      {"content 452", at<smtp::BodyEnd>(452, {4, 3, 1}), waits, "4.3.1"},
      {"content 552", at<smtp::BodyEnd>(552, {5, 3, 4}), fails, "5.3.4"},
  };
  for (const Refusal& one : all) {
    World world;
    const Seen seen = run(world, {.tlsa = "secure %", .decide = one.decide});
    EXPECT_EQ(seen.recipient().state, one.state) << one.name << ": " << seen.recipient().sentence;
    EXPECT_EQ(seen.code(), one.code) << one.name << ": " << seen.recipient().sentence;
    EXPECT_NE(seen.recipient().sentence.find("so be it"), std::string::npos) << one.name << ": " << seen.recipient().sentence;
    EXPECT_TRUE(seen.taken.empty()) << one.name;
    EXPECT_EQ(seen.notice.empty(), one.state == waits) << one.name << "\n" << seen.notice;
    if (one.state == fails) {
      EXPECT_NE(seen.notice.find("\r\nStatus: " + std::string(one.code) + "\r\n"), std::string::npos) << one.name << seen.notice;
    } else {
      EXPECT_EQ(seen.recipient().next_at, start + std::chrono::minutes(5)) << one.name;
    }
  }
}

// RFC 5321 4.5.3.1.10
TEST(DeliverRound, too_many_recipients_means_the_same_host_again) {
  World world;
  int given = 0;
  Case one{.tlsa = "secure %", .recipients = {"a@dest.test", "b@dest.test", "c@dest.test"}};
  one.decide = [&given](const smtp::Request& request) -> std::optional<types::Reply> {
    if (std::holds_alternative<smtp::SenderGiven>(request)) given = 0;
    if (!std::holds_alternative<smtp::RecipientGiven>(request) || ++given == 1) return std::nullopt;
    return smtp::make_reply(452, {4, 5, 3}, "too many recipients");
  };
  const Seen seen = run(world, std::move(one));
  EXPECT_EQ(seen.sessions, 3);
  ASSERT_EQ(seen.taken.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen.recipient(i).state, RecipientState::delivered) << seen.recipient(i).sentence;
    ASSERT_EQ(seen.taken[i].envelope.recipients.size(), 1U) << "nobody gets it twice";
    EXPECT_EQ(types::to_string(seen.taken[i].envelope.recipients[0].path), types::to_string(seen.recipient(i).recipient.path));
  }
}

// RFC 5321 4.2.5: recipients stand alone
TEST(DeliverRound, each_recipient_has_its_own_end) {
  World world;
  Case one{.tlsa = "secure %", .recipients = {"good@dest.test", "never@dest.test", "later@dest.test"}};
  one.decide = [](const smtp::Request& request) -> std::optional<types::Reply> {
    const auto* given = std::get_if<smtp::RecipientGiven>(&request);
    const std::string to = given ? types::to_string(given->recipient.path) : "";
    if (to == "never@dest.test") return smtp::make_reply(550, {5, 1, 1}, "nobody");
    if (to == "later@dest.test") return smtp::make_reply(451, {4, 7, 1}, "greylisted");
    return std::nullopt;
  };
  const Seen seen = run(world, std::move(one));
  EXPECT_EQ(seen.recipient(0).state, RecipientState::delivered);
  EXPECT_EQ(seen.recipient(1).state, RecipientState::failed);
  EXPECT_EQ(seen.recipient(2).state, RecipientState::waiting);
  EXPECT_EQ(seen.taken.size(), 1U);
  EXPECT_NE(seen.notice.find("never@dest.test"), std::string::npos);
  EXPECT_EQ(seen.notice.find("Final-Recipient: rfc822; good@dest.test"), std::string::npos);
  EXPECT_EQ(seen.notice.find("Final-Recipient: rfc822; later@dest.test"), std::string::npos);
}

struct TwoAddresses {
  std::optional<types::QueueDetail> detail;
  int at_first = 0, at_second = 0;
  std::vector<TestServer::Taken> taken;
};

io::Task<> two_addresses(World& world, Trick trick, TestServer::Decide decide, TwoAddresses& seen) {
  const io::Executor executor = co_await io::this_executor();
  const TestIdentity identity = make_identity("mx.test");
  TestServer first(executor, "127.0.0.1:0", identity.context);
  TestServer second(executor, "127.0.0.2:" + first.port(), identity.context);
  first.trick = trick;
  first.decide = std::move(decide);
  first.start();
  second.start();
  world.knows("mx.test A secure 127.0.0.1\nmx.test A secure 127.0.0.2\n_" + first.port() + "._tcp.mx.test TLSA secure " + identity.record + "\n");
  seen.detail = co_await one_round(world, message_to("[mx.test]:" + first.port()));
  co_await first.stop();
  co_await second.stop();
  seen.at_first = first.sessions;
  seen.at_second = second.sessions;
  seen.taken = first.taken;
  seen.taken.insert(seen.taken.end(), second.taken.begin(), second.taken.end());
}

// engine/policy/judge.h: trying on at once is the surest way to deliver twice
TEST(DeliverRound, a_connection_lost_after_the_final_dot_ends_the_round) {
  World world;
  TwoAddresses seen;
  io::run_to_end(two_addresses(world, Trick::vanish_at_the_end, {}, seen));
  EXPECT_EQ(seen.detail->recipients.at(0).state, RecipientState::waiting);
  EXPECT_EQ(seen.at_first, 1);
  EXPECT_EQ(seen.at_second, 0);
  EXPECT_EQ(seen.taken.size(), 1U);
  EXPECT_NE(seen.detail->recipients[0].sentence.find("it may have been accepted"), std::string::npos) << seen.detail->recipients[0].sentence;
}

// RFC 5321 5.1: the counterpart, so that the test above can fail
TEST(DeliverRound, a_refused_session_goes_on_to_the_next_address) {
  World world;
  TwoAddresses seen;
  io::run_to_end(two_addresses(world, Trick::none, at<smtp::Connected>(421, {4, 3, 2}), seen));
  EXPECT_EQ(seen.detail->recipients.at(0).state, RecipientState::delivered) << seen.detail->recipients.at(0).sentence;
  EXPECT_EQ(seen.at_first, 1);
  EXPECT_EQ(seen.at_second, 1);
}

io::Task<> dead_ipv6(World& world, std::optional<types::QueueDetail>& detail) {
  const TestIdentity identity = make_identity("mx.test");
  TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
  server.start();
  world.knows("mx.test AAAA secure ::1\nmx.test A secure 127.0.0.1\n");
  detail = co_await one_round(world, message_to("[mx.test]:" + server.port()));
  co_await server.stop();
}

TEST(DeliverRound, ipv6_first_then_ipv4) {
  World world;
  std::optional<types::QueueDetail> detail;
  io::run_to_end(dead_ipv6(world, detail));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::delivered) << detail->recipients.at(0).sentence;
  ASSERT_EQ(detail->attempts.size(), 2U);
  EXPECT_TRUE(evidence(detail->attempts[0])["peer"].text().starts_with("[::1]:"));
  EXPECT_EQ(evidence(detail->attempts[0])["end"], "not_connected");
  EXPECT_TRUE(evidence(detail->attempts[1])["peer"].text().starts_with("127.0.0.1:"));
}

// io/net/dialer.h: a stranger's DNS cannot make us talk to our own machine
TEST(DeliverRound, an_address_of_ours_is_not_dialled_unless_opened) {
  World world;
  world.parts->manners.filter = io::AddressFilter({});
  const Seen seen = run(world, {.tlsa = "secure %"});
  EXPECT_EQ(seen.sessions, 0);
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_NE(seen.recipient().sentence.find("delivery.allow_networks"), std::string::npos) << seen.recipient().sentence;
}

io::Task<> plain_server(World& world, types::NewMessage message, ScriptServer::Script script, std::optional<types::QueueDetail>& detail, std::string& clear) {
  ScriptServer server(co_await io::this_executor(), "127.0.0.1:0", std::move(script));
  server.start();
  world.knows("mx.test A secure 127.0.0.1\n");
  for (types::HopKey& hop : message.hops) hop = {"[mx.test]:" + server.port()};
  detail = co_await one_round(world, std::move(message));
  co_await server.stop();
  clear = server.clear;
}

// RFC 6531 3.5
TEST(DeliverRound, an_internationalised_address_needs_smtputf8) {
  World world;
  std::optional<types::QueueDetail> detail;
  std::string clear;
  auto message = message_to("", {"jos\u00e9@dest.test"});
  message.envelope.sender.utf8 = types::Smtputf8::yes;
  io::run_to_end(plain_server(world, std::move(message), {{"EHLO", "250-mx.test\r\n250 8BITMIME\r\n"}}, detail, clear));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::failed);
  EXPECT_EQ(detail->recipients[0].code->to_string(), "5.6.7") << detail->recipients[0].sentence;
  EXPECT_EQ(clear.find("MAIL"), std::string::npos) << clear;
}

// RFC 6152 3, RFC 6531 3.5 speak of what a message holds: one that is ASCII to the last octet passes a host without either extension,
// whatever its sender declared (decision 0096)
TEST(DeliverRound, what_is_ascii_needs_neither_8bitmime_nor_smtputf8) {
  World world;
  std::optional<types::QueueDetail> detail;
  std::string clear;
  auto message = message_to("");
  message.envelope.sender.utf8 = types::Smtputf8::yes;
  message.envelope.sender.body = types::BodyKind::eight_bit_mime;
  io::run_to_end(plain_server(world, std::move(message), {{"EHLO", "250-mx.test\r\n250 SIZE\r\n"}}, detail, clear));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::delivered) << detail->recipients[0].sentence;
  EXPECT_NE(clear.find("MAIL FROM:<ann@contoso.test> SIZE="), std::string::npos) << clear;
  EXPECT_EQ(clear.find("BODY="), std::string::npos) << clear;
  EXPECT_EQ(clear.find("SMTPUTF8"), std::string::npos) << clear;
}

TEST(DeliverRound, what_holds_one_octet_more_needs_what_was_declared) {
  for (const auto& [offer, code] : {std::pair{"SIZE", "5.6.3"}, {"8BITMIME", "5.6.7"}}) {
    World world;
    std::optional<types::QueueDetail> detail;
    std::string clear;
    auto message = message_to("");
    message.prepended = "Received: by t\u00ebst\r\n";
    message.envelope.sender.utf8 = types::Smtputf8::yes;
    message.envelope.sender.body = types::BodyKind::eight_bit_mime;
    io::run_to_end(plain_server(world, std::move(message), {{"EHLO", "250-mx.test\r\n250 " + std::string(offer) + "\r\n"}}, detail, clear));
    EXPECT_EQ(detail->recipients.at(0).state, RecipientState::failed);
    EXPECT_EQ(detail->recipients[0].code->to_string(), code) << detail->recipients[0].sentence;
    EXPECT_EQ(clear.find("MAIL"), std::string::npos) << clear;
  }
}

// What a server said that ended the session is told, not only that it was wrong
TEST(DeliverRound, a_reply_that_breaks_the_protocol_is_quoted) {
  World world;
  std::optional<types::QueueDetail> detail;
  std::string clear;
  io::run_to_end(plain_server(world, message_to(""), {{"EHLO", "250-mx.test\r\n250 SIZE\n"}}, detail, clear));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::waiting);
  EXPECT_NE(detail->recipients[0].sentence.find("a line that does not end in CR LF, or holds CR or NUL: '250 SIZE'"), std::string::npos)
      << detail->recipients[0].sentence;
}

// RFC 8689 4.2.1, RTL-03: demanded by the sender, not to be had here
TEST(DeliverRound, requiretls_is_not_sent_where_nobody_can_be_verified) {
  World world;
  std::optional<types::QueueDetail> detail;
  std::string clear;
  auto message = message_to("");
  message.envelope.sender.require_tls = types::RequireTls::yes;
  io::run_to_end(plain_server(world, std::move(message), {}, detail, clear));
  EXPECT_NE(detail->recipients.at(0).state, RecipientState::delivered);
  EXPECT_EQ(clear.find("MAIL"), std::string::npos) << clear;
  EXPECT_EQ(detail->recipients[0].code->subject, 7) << detail->recipients[0].sentence;
}

}  // namespace
}  // namespace danewerk::service::test
