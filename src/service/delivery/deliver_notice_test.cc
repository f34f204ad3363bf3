// What senders are told besides failure: delay and success, who tells it, and how much of the original goes back.
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;
using namespace std::chrono_literals;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void ask_for_success(types::NewMessage& message) {
  message.envelope.sender.envelope_id = "QQ314159";
  for (types::Recipient& recipient : message.envelope.recipients) {
    recipient.notify = {.specified = true, .never = false, .success = true, .failure = true, .delay = false};
    recipient.original = types::OriginalRecipient{"rfc822", "bob@elsewhere.test"};
  }
}

/// One round to a mailbox host of ours, or by name to a server of the Internet.
io::Task<> scripted(World& world, const std::string& route, ScriptServer::Script script, types::NewMessage message, std::string text,
                    std::vector<std::string>& notices, std::string& said) {
  ScriptServer server(co_await io::this_executor(), "127.0.0.1:0", std::move(script));
  server.start();
  if (route.empty()) {
    world.knows("mx.test A insecure 127.0.0.1\n");
    for (types::HopKey& hop : message.hops) hop.text = "[mx.test]:" + server.port();
  } else {
    world.routes.emplace("dest.test", *types::Route::parse(route + ":127.0.0.1:" + server.port()));
  }
  const types::QueueId id = co_await accept(world, std::move(message), text);
  EXPECT_EQ(co_await deliver_due(world), 1U);
  const types::QueueDetail detail = co_await look(world, id);
  EXPECT_NE(detail.recipients.at(0).state, RecipientState::waiting) << detail.recipients.at(0).sentence;
  co_await server.stop();
  said = server.clear;
  notices = co_await all_notices(world);
}

std::vector<std::string> notices_of(World& world, const std::string& route, const ScriptServer::Script& script, types::NewMessage message,
                                    std::string* said = nullptr, const std::string& text = hello_text) {
  std::vector<std::string> notices;
  std::string heard;
  io::run_to_end(scripted(world, route, script, std::move(message), text, notices, heard));
  if (said != nullptr) *said = heard;
  return notices;
}

types::NewMessage wishing_success(const std::string& hop) {
  types::NewMessage message = message_to(hop);
  ask_for_success(message);
  return message;
}

// RFC 3461 5.2.3, SMTP-09: LMTP's reply for a recipient is the mailbox's
TEST(DeliverNotice, lmtp_without_dsn_means_delivered) {
  World world;
  const auto notices = notices_of(world, "lmtp", {{".", "250 2.1.5 kept\r\n"}}, wishing_success("route:dest.test"));
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_TRUE(has(notices[0], "\r\nAction: delivered\r\nStatus: 2.1.5\r\n")) << notices[0];
  EXPECT_TRUE(has(notices[0], "\r\nOriginal-Envelope-Id: QQ314159\r\n")) << notices[0];
  EXPECT_TRUE(has(notices[0], "\r\nOriginal-Recipient: rfc822; bob@elsewhere.test\r\n")) << notices[0];
  EXPECT_TRUE(has(notices[0], "\r\nDiagnostic-Code: smtp; 250 2.1.5 kept\r\n")) << notices[0];
  EXPECT_TRUE(world.logged("delivery.notice"));
}

// RFC 3461 5.2.2 (b), decision 0056: who takes it by SMTP says nothing of a mailbox, whoever runs the host
TEST(DeliverNotice, smtp_without_dsn_means_relayed) {
  for (const std::string route : {"smtp", ""}) {
    World world;
    std::string said;
    const auto notices = notices_of(world, route, {}, wishing_success("route:dest.test"), &said);
    ASSERT_EQ(notices.size(), 1U) << route;
    EXPECT_TRUE(has(notices[0], "\r\nAction: relayed\r\n")) << notices[0];
    EXPECT_FALSE(has(said, "NOTIFY") || has(said, "ENVID")) << "RFC 3461 5.2.2 (a): " << said;
  }
}

// RFC 3461 5.2.1: a server with DSN is told what we were told, and answers itself
TEST(DeliverNotice, a_server_with_dsn_answers_itself) {
  World world;
  std::string said;
  EXPECT_TRUE(notices_of(world, "lmtp", {{"LHLO", "250-mailbox.test\r\n250 DSN\r\n"}}, wishing_success("route:dest.test"), &said).empty());
  EXPECT_TRUE(has(said, " ENVID=QQ314159")) << said;
  EXPECT_TRUE(has(said, " NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@elsewhere.test")) << said;
}

// RFC 3461 5.2.2 (d), (e): who did not ask is not told; nor is the null sender
TEST(DeliverNotice, success_is_told_to_nobody_who_did_not_ask) {
  for (const int variant : {0, 1, 2}) {
    World world;
    types::NewMessage message = message_to("route:dest.test");
    if (variant == 1) message.envelope.recipients[0].notify = {.specified = true, .never = true};
    if (variant == 2) {
      ask_for_success(message);
      message.envelope.sender.path.reset();
    }
    EXPECT_TRUE(notices_of(world, "lmtp", {}, std::move(message)).empty()) << variant;
  }
}

// --- how much of the original goes back -------------------------------------------------------------------------------

std::string returned_for(const std::function<void(types::NewMessage&)>& shape, const std::string& text = hello_text) {
  World world;
  types::NewMessage message = message_to("route:dest.test");
  shape(message);
  const auto notices = notices_of(world, "smtp", {{"RCPT", "550 5.1.1 nobody\r\n"}}, std::move(message), nullptr, text);
  return notices.size() == 1 ? notices[0] : "";
}

void return_full(types::NewMessage& message) { message.envelope.sender.dsn_return = types::DsnReturn::full; }

// RFC 3461 4.3, 6.2
TEST(DeliverNotice, ret_full_brings_back_the_whole_message) {
  const std::string notice = returned_for(return_full);
  EXPECT_TRUE(has(notice, "\r\nContent-Type: message/rfc822\r\n")) << notice;
  EXPECT_TRUE(has(notice, "\r\nReceived: by test\r\nSubject: hello\r\n\r\nthe text\r\n")) << notice;
}

TEST(DeliverNotice, without_it_the_header_comes_back) {
  for (const auto ret : {types::DsnReturn::unspecified, types::DsnReturn::headers}) {
    const std::string notice = returned_for([ret](types::NewMessage& message) { message.envelope.sender.dsn_return = ret; });
    EXPECT_TRUE(has(notice, "\r\nContent-Type: text/rfc822-headers\r\n") && has(notice, "\r\nSubject: hello\r\n")) << notice;
    EXPECT_FALSE(has(notice, "the text")) << notice;
  }
}

// RTL-05, RFC 8689 5: RET=FULL is disregarded
TEST(DeliverNotice, a_requiretls_message_never_comes_back_whole) {
  const std::string notice = returned_for([](types::NewMessage& message) {
    return_full(message);
    message.envelope.sender.require_tls = types::RequireTls::yes;
  });
  EXPECT_TRUE(has(notice, "\r\nContent-Type: text/rfc822-headers\r\n")) << notice;
  EXPECT_FALSE(has(notice, "the text")) << notice;
}

// decision 0056: a notice that needs 8BITMIME could get stuck where a plain one would pass
TEST(DeliverNotice, eight_bit_and_large_messages_come_back_as_their_header) {
  for (const std::string& body : {std::string("caf\xC3\xA9\r\n"), std::string(300'000, 'x') + "\r\n"}) {
    const std::string notice = returned_for(return_full, "Subject: caf\xC3\xA9\r\n\r\n" + body);
    EXPECT_TRUE(has(notice, "\r\nContent-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n")) << notice.substr(0, 4000);
    EXPECT_LT(notice.size(), 8000U);
    EXPECT_EQ(std::count_if(notice.begin(), notice.end(), [](char c) { return (c & 0x80) != 0; }), 0);
  }
}

// --- delay ------------------------------------------------------------------------------------------------------------

struct Waited {
  std::vector<std::string> notices;
  std::vector<Instant> tries;
};

/// Tried at a server that puts everybody off, for `length`.
io::Task<> wait_there(World& world, types::NewMessage message, Duration length, Waited& waited) {
  ScriptServer::Script script{{"RCPT", "450 4.2.0 later\r\n"}};
  ScriptServer server(co_await io::this_executor(), "127.0.0.1:0", std::move(script));
  server.start();
  world.routes.emplace("dest.test", *types::Route::parse("smtp:127.0.0.1:" + server.port()));
  const types::QueueId id = co_await accept(world, std::move(message));
  while (world.clock.now() <= start + length) {
    waited.tries.push_back(world.clock.now());
    EXPECT_EQ(co_await deliver_due(world), 1U);
    const types::QueueDetail now = co_await look(world, id);
    if (now.entry.waiting == 0) break;
    world.clock.advance_to(*now.entry.next_at);
  }
  co_await server.stop();
  waited.notices = co_await all_notices(world);
}

Waited wait(World& world, types::NewMessage message, Duration length) {
  Waited waited;
  io::run_to_end(wait_there(world, std::move(message), length, waited));
  return waited;
}

// RFC 3461 5.2.5 (b), RFC 3464 2.3.9: once, at the hour set, with the last word before it
TEST(DeliverNotice, delay_is_told_once_at_its_hour) {
  World world;
  const Waited waited = wait(world, message_to("route:dest.test"), 20h);
  ASSERT_EQ(waited.notices.size(), 1U);
  EXPECT_NE(std::find(waited.tries.begin(), waited.tries.end(), start + 4h), waited.tries.end()) << "one more try just before it is told";
  const std::string& notice = waited.notices[0];
  EXPECT_TRUE(notice.starts_with("Date: Mon, 23 Nov 2026 16:00:00 +0000\r\n")) << notice;
  EXPECT_TRUE(has(notice, "\r\nAction: delayed\r\nStatus: 4.2.0\r\n")) << notice;
  EXPECT_TRUE(has(notice, "\r\nWill-Retry-Until: Sat, 28 Nov 2026 12:00:00 +0000\r\n")) << "five days from acceptance: " << notice;
  EXPECT_TRUE(has(notice, "\r\nDiagnostic-Code: smtp; 450 4.2.0 later\r\n")) << notice;
  EXPECT_TRUE(has(notice, "Next try: ")) << notice;
  EXPECT_TRUE(has(notice, "You need do nothing")) << notice;
}

// The failure is told besides, with its own notice
TEST(DeliverNotice, delay_first_then_failure) {
  World world;
  const Waited waited = wait(world, message_to("route:dest.test"), 6 * 24h);
  ASSERT_EQ(waited.notices.size(), 2U);
  EXPECT_TRUE(has(waited.notices[0], "\r\nAction: delayed\r\n"));
  EXPECT_TRUE(has(waited.notices[1], "\r\nAction: failed\r\nStatus: 5.4.300\r\n")) << waited.notices[1];
  EXPECT_FALSE(has(waited.notices[1], "Will-Retry-Until"));
}

// RFC 3461 5.2.5 (a), (c); SMTP-06; delivery.delay_notice_after = "0 s"
TEST(DeliverNotice, delay_is_told_only_to_those_who_may_be_told) {
  const auto told = [](std::function<void(World&, types::NewMessage&)> shape) {
    World world;
    types::NewMessage message = message_to("route:dest.test");
    shape(world, message);
    return wait(world, std::move(message), 20h).notices.size();
  };
  EXPECT_EQ(told([](World&, types::NewMessage& m) { m.envelope.recipients[0].notify = {.specified = true, .delay = true}; }), 1U);
  EXPECT_EQ(told([](World&, types::NewMessage& m) { m.envelope.recipients[0].notify = {.specified = true, .failure = true}; }), 0U);
  EXPECT_EQ(told([](World&, types::NewMessage& m) { m.envelope.recipients[0].notify = {.specified = true, .never = true}; }), 0U);
  EXPECT_EQ(told([](World&, types::NewMessage& m) { m.envelope.sender.path.reset(); }), 0U);
  EXPECT_EQ(told([](World& world, types::NewMessage&) { world.parts->delay_notice_after = Duration::zero(); }), 0U);
}

}  // namespace
}  // namespace danewerk::service::test
