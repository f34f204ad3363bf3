// Delivery under the operator's rules over real sockets: what a rule demands holds, what it names is where mail goes, and the
// record says which rule it was and what a stricter one would have done.
#include "service/delivery/test_world.h"
#include "service/delivery/traffic.h"

namespace danewerk::service::test {
namespace {

using connector::Proof;
using types::RecipientState;

/// Lets one rule, "partner", hold for all mail.
types::DeliveryTerms terms(types::DaneMode dane, types::TlsMode tls = types::TlsMode::opportunistic) {
  types::DeliveryTerms out;
  out.demands.dane = dane;
  out.demands.tls = tls;
  out.rule = types::DecidingRule{*types::ConnectorId::parse("partner"), {}, "contract 17"};
  return out;
}

void let_hold(World& world, types::DeliveryTerms what) {
  world.parts->terms_for = [what = std::move(what)](const auto&, const types::MailDomain&, Instant) { return what; };
}

std::string said(const types::AttemptEvidence& attempt, const types::MessageDemands& demands) {
  const auto carried = carriage_of(attempt.hop.text, attempt.evidence);
  if (!carried) return "nothing carried";
  const auto judgement = connector::judge(*carried, demands);
  return std::string(connector::to_string(judgement.passage)) + " " + judgement.why;
}

// TL-14: only to hosts authenticated by DANE
TEST(DeliverRules, mandatory_waits_where_no_dane_is_published) {
  World world;
  let_hold(world, terms(types::DaneMode::mandatory));
  const Seen seen = run(world, {});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(seen.code(), types::code_for(types::TlsFailure::dane_required).to_string()) << seen.recipient().sentence;
  EXPECT_EQ(seen.sessions, 0) << "not even a connection";
  const auto json = evidence(seen.detail->attempts.at(0));
  EXPECT_EQ(json["rule"]["id"], "partner");
  EXPECT_EQ(json["rule"]["reason"], "contract 17");
  EXPECT_EQ(json["demands"]["dane"], "mandatory");
  EXPECT_TRUE(world.logged("rule=partner"));
}

TEST(DeliverRules, mandatory_delivers_by_dane) {
  World world;
  let_hold(world, terms(types::DaneMode::mandatory));
  const Seen seen = run(world, {.tlsa = "secure %"});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  EXPECT_EQ(evidence(seen.recipient())["assurance"], types::to_string(types::Assurance::next_hop_authenticated));
  EXPECT_EQ(said(seen.detail->attempts.at(0), terms(types::DaneMode::mandatory).demands), "passes ");
}

// RFC 7672 9.1: an exception the operator answers for
TEST(DeliverRules, none_delivers_where_dane_is_broken) {
  World world;
  let_hold(world, terms(types::DaneMode::none));
  const Seen seen = run(world, {.tlsa = "bogus"});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  EXPECT_EQ(said(seen.detail->attempts.at(0), terms(types::DaneMode::mandatory).demands), "not_told dane");
}

// TL-15
TEST(DeliverRules, audit_delivers_and_records_what_would_have_happened) {
  World world;
  let_hold(world, terms(types::DaneMode::audit));
  const Seen seen = run(world, {.tlsa = "secure 3 1 1 " + zeros});
  EXPECT_EQ(seen.recipient().state, RecipientState::delivered) << seen.recipient().sentence;
  const auto json = evidence(seen.detail->attempts.at(0));
  EXPECT_EQ(json["hop"]["level"], "opportunistic");
  EXPECT_EQ(json["hop"]["audit"], "dane");
  EXPECT_EQ(json["dane"]["verdict"], "not-matched");
  const auto carried = carriage_of("dest.test", seen.detail->attempts[0].evidence);
  ASSERT_TRUE(carried.has_value());
  EXPECT_EQ(carried->recipients, 1U);
  EXPECT_TRUE(carried->tls);
  EXPECT_EQ(carried->dane, Proof::no);
  types::MessageDemands standard;
  standard.mta_sts = types::StsMode::none;
  EXPECT_EQ(said(seen.detail->attempts[0], standard), "held dane");
}

// TLS-08; the record of a delivery in clear is held against `require`
TEST(DeliverRules, require_waits_where_no_tls_is_offered) {
  World strict;
  let_hold(strict, terms(types::DaneMode::opportunistic, types::TlsMode::require));
  const Seen waits = run(strict, {.trick = TestServer::Trick::no_starttls});
  EXPECT_EQ(waits.recipient().state, RecipientState::waiting);
  EXPECT_EQ(waits.code(), "4.7.321");
  EXPECT_FALSE(waits.mail_in_clear()) << waits.clear;
  World usual;
  const Seen seen = run(usual, {.trick = TestServer::Trick::no_starttls});
  ASSERT_EQ(seen.recipient().state, RecipientState::delivered);
  types::MessageDemands demands;
  demands.dane = types::DaneMode::none;
  demands.mta_sts = types::StsMode::none;
  demands.tls = types::TlsMode::require;
  EXPECT_EQ(said(seen.detail->attempts.at(0), demands), "held tls");
  demands.tls = types::TlsMode::opportunistic;
  demands.mta_sts = types::StsMode::mandatory;
  EXPECT_EQ(said(seen.detail->attempts.at(0), demands), "not_told mta_sts") << "no policy was looked for";
  EXPECT_FALSE(evidence(seen.detail->attempts[0]).contains("rule"));
}

struct SmartHost {
  static io::Task<> play(World& world, std::string tlsa, std::optional<types::QueueDetail>& detail, int& sessions) {
    const TestIdentity identity = make_identity("relay.test");
    TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
    server.start();
    world.knows("relay.test A secure 127.0.0.1\n");
    if (tlsa.empty()) tlsa = identity.record;
    world.knows("_" + server.port() + "._tcp.relay.test TLSA secure " + tlsa + "\n");
    types::DeliveryTerms through = terms(types::DaneMode::mandatory);
    through.smart_host = *types::NextHop::parse("[relay.test]:" + server.port());
    let_hold(world, std::move(through));
    detail = co_await one_round(world, message_to("dest.test"));
    co_await server.stop();
    sessions = static_cast<int>(server.taken.size());
  }
};

// RFC 7672 2.2.2: DANE goes by the smart host's name and port, and the recipient's domain is not asked about
TEST(DeliverRules, a_smart_host_is_authenticated_by_its_own_name) {
  World world;
  std::optional<types::QueueDetail> detail;
  int taken = 0;
  io::run_to_end(SmartHost::play(world, "", detail, taken));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::delivered) << detail->recipients[0].sentence;
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(evidence(detail->attempts.at(0))["hop"]["base_domain"], "relay.test");
  EXPECT_EQ(detail->attempts[0].hop.text, "dest.test") << "the history is the recipient's";
  EXPECT_FALSE(world.asked("dest.test MX"));
}

TEST(DeliverRules, a_smart_host_that_is_not_itself_gets_nothing) {
  World world;
  std::optional<types::QueueDetail> detail;
  int taken = 0;
  io::run_to_end(SmartHost::play(world, "3 1 1 " + zeros, detail, taken));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::waiting);
  EXPECT_EQ(detail->recipients[0].code->to_string(), "4.7.323");
  EXPECT_EQ(taken, 0);
}

/// One round to dest.test by a smart host of which only `answers` is known.
types::QueueDetail by_smart_host(World& world, const std::string& smart_host, const std::string& answers) {
  std::optional<types::QueueDetail> detail;
  world.knows(answers);
  types::DeliveryTerms through = terms(types::DaneMode::opportunistic);
  through.smart_host = *types::NextHop::parse(smart_host);
  let_hold(world, std::move(through));
  const auto round = [](World& of, std::optional<types::QueueDetail>& into) -> io::Task<> { into = co_await one_round(of, message_to("dest.test")); };
  io::run_to_end(round(world, detail));
  return *detail;
}

// A smart host that does not exist is a mistake in a rule: all mail would be returned for it
TEST(DeliverRules, a_smart_host_that_is_not_there_makes_mail_wait) {
  const std::pair<const char*, const char*> mistakes[]{{"relay.test", ""},
                                                       {"relay.test", "relay.test MX secure 0 .\n"},
                                                       {"[relay.test]", ""}};
  for (const auto& [smart_host, answers] : mistakes) {
    World world;
    const types::QueueDetail detail = by_smart_host(world, smart_host, answers);
    EXPECT_EQ(detail.recipients.at(0).state, RecipientState::waiting) << answers;
    EXPECT_EQ(detail.recipients[0].code->to_string(), "4.3.5") << detail.recipients[0].sentence;
    EXPECT_NE(detail.recipients[0].sentence.find("that connector partner names cannot be used"), std::string::npos) << detail.recipients[0].sentence;
  }
}

TEST(DeliverRules, rules_that_cannot_be_told_are_our_fault_and_wait) {
  World world;
  types::DeliveryTerms unknown;
  types::Fault unreadable;
  unreadable.kind = types::FaultKind::ours;
  unreadable.code = {4, 3, 5};
  unreadable.sentence = "connector old cannot be read";
  unknown.fault = unreadable;
  let_hold(world, unknown);
  const Seen seen = run(world, {.tlsa = "secure %"});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(seen.code(), "4.3.5");
  EXPECT_EQ(seen.sessions, 0);
  EXPECT_EQ(evidence(seen.recipient())["fault"]["kind"], "ours");
}

struct Changing {
  static io::Task<> play(World& world, std::vector<RecipientState>& states) {
    const TestIdentity identity = make_identity("mx.test");
    TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
    server.start();
    world.knows("mx.test A secure 127.0.0.1\n");
    let_hold(world, terms(types::DaneMode::mandatory));
    const types::QueueDetail before = co_await one_round(world, message_to("[mx.test]:" + server.port()));
    let_hold(world, terms(types::DaneMode::opportunistic));
    world.clock.advance(std::chrono::hours(1));
    EXPECT_EQ(co_await deliver_due(world), 1U);
    const types::QueueDetail after = co_await look(world, before.entry.id);
    co_await server.stop();
    states = {before.recipients.at(0).state, after.recipients.at(0).state};
  }
};

TEST(DeliverRules, a_change_holds_for_mail_that_waits) {
  World world;
  std::vector<RecipientState> states;
  io::run_to_end(Changing::play(world, states));
  EXPECT_EQ(states, (std::vector{RecipientState::waiting, RecipientState::delivered}));
}

TEST(DeliverRules, the_source_is_the_rules) {
  World ours;
  types::DeliveryTerms from = terms(types::DaneMode::opportunistic);
  from.source = {*types::IpAddress::parse("127.0.0.9")};
  let_hold(ours, from);
  EXPECT_EQ(run(ours, {.tlsa = "secure %"}).recipient().state, RecipientState::delivered);
  World not_ours;
  from.source = {*types::IpAddress::parse("192.0.2.7")};
  let_hold(not_ours, from);
  const Seen seen = run(not_ours, {.tlsa = "secure %"});
  EXPECT_EQ(seen.recipient().state, RecipientState::waiting);
  EXPECT_EQ(evidence(seen.recipient())["fault"]["kind"], "ours") << seen.recipient().sentence;
  EXPECT_NE(seen.recipient().sentence.find("192.0.2.7"), std::string::npos) << seen.recipient().sentence;
}

struct OwnRoute {
  static io::Task<> play(World& world, std::optional<types::QueueDetail>& detail) {
    const TestIdentity identity = make_identity("mbox.test");
    TestServer server(co_await io::this_executor(), "127.0.0.1:0", identity.context);
    server.start();
    world.routes["fabrikam.test"] = *types::Route::parse("smtp:127.0.0.1:" + server.port());
    detail = co_await one_round(world, message_to("route:fabrikam.test"));
    co_await server.stop();
  }
};

TEST(DeliverRules, the_way_to_our_own_mailboxes_is_no_business_of_rules) {
  World world;
  types::DeliveryTerms none;
  none.fault = types::Fault{};
  let_hold(world, none);
  std::optional<types::QueueDetail> detail;
  io::run_to_end(OwnRoute::play(world, detail));
  EXPECT_EQ(detail->recipients.at(0).state, RecipientState::delivered) << detail->recipients[0].sentence;
}

TEST(Traffic, what_is_no_evidence_of_a_delivery_says_nothing) {
  for (const char* text : {"", "[]", "{}", "not json", R"({"hop":1})", R"({"hop":{}})",
                           R"({"hop":{},"replies":[1,{"phase":"end of content","reply":"550 no"}]})",
                           R"({"hop":{},"replies":[{"phase":"RCPT","reply":"250 ok"}]})"}) {
    EXPECT_FALSE(carriage_of("dest.test", text).has_value()) << text;
  }
  const auto bare = carriage_of("dest.test", R"({"hop":{"mx":"x"},"others":[1,{"level":"dane"}],"replies":[{"phase":"end of content","reply":"250 ok"}]})");
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->mx, types::MxTrust::insecure) << "a word nobody knows is not trusted";
  EXPECT_EQ(bare->sts, Proof::not_looked);
  EXPECT_EQ(bare->certificate, Proof::not_looked);
  EXPECT_TRUE(bare->other_dane);
}

}  // namespace
}  // namespace danewerk::service::test
