// How mail ends: what the sender is told, when a limit is reached, what counts toward it, and what cannot be recorded.
#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;
using Trick = TestServer::Trick;
using namespace std::chrono_literals;

io::Task<> lmtp(World& world, ScriptServer::Script script, bool null_sender,
                std::optional<types::QueueDetail>& detail, std::string& notice, std::string& said) {
  ScriptServer server(co_await io::this_executor(), "127.0.0.1:0", std::move(script));
  server.start();
  world.routes.emplace("dest.test", *types::Route::parse("lmtp:127.0.0.1:" + server.port()));
  const std::vector<std::string> two{"full@dest.test", "fine@dest.test"};
  auto message = message_to("route:dest.test", two);
  if (null_sender) message.envelope.sender.path.reset();
  detail = co_await one_round(world, std::move(message));
  co_await server.stop();
  said = server.clear;
  notice = co_await only_notice(world);
}

const ScriptServer::Script one_is_full{{"LHLO", "250-mailbox.test\r\n250 PIPELINING\r\n"}, {".", "552 5.2.2 mailbox full\r\n250 2.1.5 kept\r\n"}};

// RFC 2033 4.2: a reply for each recipient; RFC 5321 6.1: the failure is told in the transaction that records it
TEST(DeliverEnd, lmtp_delivers_to_one_and_tells_of_the_other) {
  World world;
  world.parts->manners.filter = io::AddressFilter({});  // the operator named the address: the filter is for strangers
  std::optional<types::QueueDetail> detail;
  std::string notice, said;
  io::run_to_end(lmtp(world, one_is_full, false, detail, notice, said));
  EXPECT_EQ(said.substr(0, 5), "LHLO ");
  EXPECT_NE(said.find("\r\n..dot\r\n.\r\n"), std::string::npos) << said;
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::failed);
  EXPECT_EQ(detail->recipients.at(1).state, RecipientState::delivered) << detail->recipients[1].sentence;
  EXPECT_TRUE(detail->entry.finished_at.has_value());
  EXPECT_NE(notice.find("\r\nTo: "), std::string::npos) << notice;
  EXPECT_NE(notice.find("ann@contoso.test"), std::string::npos) << notice;
  EXPECT_NE(notice.find("\r\nFinal-Recipient: rfc822; full@dest.test\r\n"), std::string::npos) << notice;
  EXPECT_NE(notice.find("\r\nStatus: 5.2.2\r\n"), std::string::npos) << notice;
  EXPECT_NE(notice.find("\r\nAction: failed\r\n"), std::string::npos) << notice;
  EXPECT_NE(notice.find("mailbox full"), std::string::npos) << notice;
  EXPECT_NE(notice.find("Subject: hello\r\n"), std::string::npos) << "the original's header comes back";
  EXPECT_EQ(notice.find("Final-Recipient: rfc822; fine@dest.test"), std::string::npos) << notice;
}

// RFC 5321 6.1, SMTP-06: no notice about a notice
TEST(DeliverEnd, the_null_sender_is_told_nothing) {
  World world;
  std::optional<types::QueueDetail> detail;
  std::string notice, said;
  io::run_to_end(lmtp(world, one_is_full, true, detail, notice, said));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::failed);
  EXPECT_EQ(notice, "");
  const Seen again = run(world, {.decide = [](const smtp::Request& request) -> std::optional<types::Reply> {
                                   if (!std::holds_alternative<smtp::SenderGiven>(request)) return std::nullopt;
                                   return smtp::make_reply(550, {5, 7, 1}, "no");
                                 },
                                 .null_sender = true});
  EXPECT_EQ(again.recipient().state, RecipientState::failed);
  EXPECT_EQ(again.notice, "");
}

/// Round after round, each at the instant the last one named, until nobody waits or `rounds` are over.
io::Task<int> until_the_end(World& world, types::QueueId id, int rounds) {
  for (int round = 1;; ++round) {
    const std::size_t delivered_now = co_await deliver_due(world);
    EXPECT_EQ(delivered_now, 1U) << "round " << round;
    const types::QueueDetail now = co_await look(world, id);
    if (now.entry.waiting == 0 || round == rounds) co_return round;
    world.clock.advance_to(*now.entry.next_at);
  }
}

struct Ended {
  std::optional<types::QueueDetail> detail;
  int rounds = 0;
  int sessions = 0;
  bool mail_in_clear = false;
  std::vector<std::string> notices;
  std::string notice;  ///< the last
};

io::Task<> to_the_limit(World& world, Ended& ended) {
  const TestIdentity identity = make_identity("mx.test");
  TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
  server.start();
  world.knows("mx.test A secure 127.0.0.1\n_" + server.port() + "._tcp.mx.test TLSA " + wrong_record + "\n");
  const types::QueueId id = co_await accept(world, message_to("[mx.test]:" + server.port()));
  ended.rounds = co_await until_the_end(world, id, 100);
  ended.detail = co_await look(world, id);
  ended.notices = co_await all_notices(world);
  if (!ended.notices.empty()) ended.notice = ended.notices.back();
  co_await server.stop();
  ended.sessions = server.sessions;
  ended.mail_in_clear = server.clear.find("MAIL") != std::string::npos;
}

// design.md 9.8: 15, 15, then every 60 minutes; after 24 hours the sender is told, with the code of the policy
TEST(DeliverEnd, a_mismatch_bounces_after_a_day_with_its_own_code) {
  World world;
  Ended ended;
  io::run_to_end(to_the_limit(world, ended));
  EXPECT_EQ(ended.detail->recipients.at(0).state, RecipientState::failed);
  EXPECT_EQ(ended.detail->recipients[0].code->to_string(), "5.7.323");
  EXPECT_EQ(world.clock.now(), start + 24h) << "the last try is at the limit itself";
  EXPECT_EQ(ended.sessions, ended.rounds);
  EXPECT_EQ(ended.detail->attempts.size(), static_cast<std::size_t>(ended.rounds));
  EXPECT_GT(ended.rounds, 25);
  EXPECT_LT(ended.rounds, 32) << "one of them at the hour at which delay is told";
  EXPECT_FALSE(ended.mail_in_clear);
  ASSERT_EQ(ended.notices.size(), 2U) << "delay, then failure";
  EXPECT_NE(ended.notices[0].find("\r\nWill-Retry-Until: Tue, 24 Nov 2026 12:00:00 +0000\r\n"), std::string::npos) << ended.notices[0];
  EXPECT_NE(ended.notice.find("\r\nStatus: 5.7.323\r\n"), std::string::npos) << ended.notice;
  EXPECT_NE(ended.notice.find("mx.test"), std::string::npos) << ended.notice;
  const std::string& sentence = ended.detail->recipients[0].sentence;
  EXPECT_EQ(sentence.find("was not authenticated"), sentence.rfind("was not authenticated")) << "said once: " << sentence;
}

struct Rechecked {
  Duration first{}, second{};
};

io::Task<> mismatch_with_ttl(World& world, const std::string& ttl, Rechecked& seen) {
  const TestIdentity identity = make_identity("mx.test");
  TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
  server.start();
  world.knows("mx.test A secure 127.0.0.1\n_" + server.port() + "._tcp.mx.test " + ttl + " TLSA " + wrong_record + "\n");
  const types::QueueId id = co_await accept(world, message_to("[mx.test]:" + server.port()));
  EXPECT_EQ(co_await deliver_due(world), 1U);
  types::QueueDetail now = co_await look(world, id);
  seen.first = *now.entry.next_at - world.clock.now();
  world.clock.advance_to(*now.entry.next_at);
  EXPECT_EQ(co_await deliver_due(world), 1U);
  now = co_await look(world, id);
  seen.second = *now.entry.next_at - world.clock.now();
  EXPECT_TRUE(evidence(now.recipients.at(0))["fault"].contains("recheck_at"));
  co_await server.stop();
}

// design.md 9.8: early recheck when the TTL of a broken record runs out
TEST(DeliverEnd, a_wrong_tlsa_set_is_looked_at_again_when_it_runs_out) {
  World world;
  Rechecked seen;
  io::run_to_end(mismatch_with_ttl(world, "120", seen));
  EXPECT_EQ(seen.first, 2min);
  EXPECT_EQ(seen.second, 2min);
  World other;
  io::run_to_end(mismatch_with_ttl(other, "7200", seen));
  EXPECT_EQ(seen.first, 15min) << "never later than the schedule's";
}

io::Task<> six_days_apart(World& world, const char* failure, Ended& ended) {
  world.knows(std::string("mx.test * ") + failure + "\n");
  const types::QueueId id = co_await accept(world, message_to("[mx.test]:2525"));
  EXPECT_EQ(co_await deliver_due(world), 1U);
  world.clock.advance(6 * 24h);
  EXPECT_EQ(co_await deliver_due(world), 1U);
  ended.detail = co_await look(world, id);
  ended.notices = co_await all_notices(world);
  if (!ended.notices.empty()) ended.notice = ended.notices.back();
}

// design.md 9.8: a fault of ours never counts toward a limit
TEST(DeliverEnd, a_resolver_that_is_unfit_counts_toward_nothing) {
  World world;
  Ended ended;
  io::run_to_end(six_days_apart(world, "resolver_unfit", ended));
  EXPECT_EQ(ended.detail->recipients.at(0).state, RecipientState::waiting) << ended.detail->recipients[0].sentence;
  EXPECT_EQ(evidence(ended.detail->recipients[0])["fault"]["kind"], "ours");
  EXPECT_LE(ended.detail->recipients[0].next_at, world.clock.now() + 17min);
  ASSERT_EQ(ended.notices.size(), 1U) << "the sender is told that it takes long, and whose fault it is";
  EXPECT_NE(ended.notice.find("\r\nAction: delayed\r\n"), std::string::npos) << ended.notice;
  EXPECT_EQ(ended.notice.find("Will-Retry-Until"), std::string::npos) << "no limit runs: " << ended.notice;
  EXPECT_NE(ended.notice.find("nothing is wrong with your message"), std::string::npos) << ended.notice;
}

// RFC 5321 4.5.4.1: the same six days with a destination that cannot be found
TEST(DeliverEnd, a_destination_that_cannot_be_found_expires) {
  World world;
  Ended ended;
  io::run_to_end(six_days_apart(world, "timeout", ended));
  EXPECT_EQ(ended.detail->recipients.at(0).state, RecipientState::failed);
  EXPECT_EQ(ended.detail->recipients[0].code->to_string(), "5.4.300");
  EXPECT_NE(ended.notice.find("\r\nStatus: 5.4.300\r\n"), std::string::npos) << ended.notice;
}

io::Task<> to_hop(World& world, const char* hop, std::optional<types::QueueDetail>& detail) { detail = co_await one_round(world, message_to(hop)); }

TEST(DeliverEnd, a_route_that_is_gone_is_our_fault_and_waits) {
  World world;
  std::optional<types::QueueDetail> detail;
  io::run_to_end(to_hop(world, "route:gone.test", detail));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::waiting);
  EXPECT_EQ(evidence(detail->recipients[0])["fault"]["kind"], "ours");
  EXPECT_NE(detail->recipients[0].sentence.find("gone.test has no route any more"), std::string::npos) << detail->recipients[0].sentence;
}

TEST(DeliverEnd, a_hop_nobody_can_read_is_our_fault_and_waits) {
  World world;
  std::optional<types::QueueDetail> detail;
  io::run_to_end(to_hop(world, "[not a name", detail));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::waiting);
  EXPECT_EQ(evidence(detail->recipients[0])["fault"]["kind"], "ours");
}

// RFC 7505: a domain that says it takes no mail is told at once
TEST(DeliverEnd, a_null_mx_fails_at_once) {
  World world;
  world.knows("zone dest.test secure\ndest.test MX secure 0 .\n");
  std::optional<types::QueueDetail> detail;
  io::run_to_end(to_hop(world, "dest.test", detail));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::failed);
  EXPECT_EQ(detail->recipients[0].code->to_string(), "5.1.10");
  EXPECT_FALSE(world.asked("dest.test A")) << "RFC 7505 3: no fall back to addresses";
}

io::Task<> breaks_before_the_record(World& world, std::optional<types::QueueDetail>& detail, std::string& notice, types::QueueCounts& counts) {
  ScriptServer::Script script{{"RCPT", "550 5.1.1 nobody\r\n"}};
  ScriptServer server(co_await io::this_executor(), "127.0.0.1:0", std::move(script));
  server.start();
  world.routes.emplace("dest.test", *types::Route::parse("smtp:127.0.0.1:" + server.port()));
  const types::QueueId id = co_await accept(world, message_to("route:dest.test"));
  auto claims = co_await world.queue->claim_due(world.clock.now(), 10);
  EXPECT_EQ(claims->size(), 1U);
  world.store->writer().break_down({ErrorKind::unavailable, "fsync: input/output error"});
  co_await deliver(*world.parts, std::move(claims->at(0)));
  co_await server.stop();
  detail = co_await look(world, id);
  notice = co_await only_notice(world);
  auto counted = co_await world.queue->counts(world.clock.now());
  counts = *counted;
}

// service/delivery/deliver.h: what could not be noted is not sent again; what failed is not half told
TEST(DeliverEnd, what_cannot_be_recorded_keeps_its_claim_and_tells_nobody) {
  World world;
  std::optional<types::QueueDetail> detail;
  std::string notice;
  types::QueueCounts counts;
  io::run_to_end(breaks_before_the_record(world, detail, notice, counts));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::waiting);
  EXPECT_EQ(notice, "");
  EXPECT_EQ(counts.claimed, 1U);
  EXPECT_TRUE(world.logged("delivery.not_recorded"));
  EXPECT_TRUE(world.logged("input/output error"));
}

}  // namespace
}  // namespace danewerk::service::test
