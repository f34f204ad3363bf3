// The operation "trace": whatever a person knows of a message leads to its life, and to nobody else's.
#include "app/control/test_office.h"

namespace danewerk::app::test {
namespace {

std::string with_id(const std::string& message_id) { return "Message-ID: <" + message_id + ">\r\nSubject: x\r\n\r\ntext\r\n"; }

struct Trace : testing::Test {
  Trace() { EXPECT_TRUE(office.add_domain("contoso.test").has_value()); }
  std::string send(const std::string& message_id, const std::vector<std::string>& to, const char* from = "ann@contoso.test") {
    auto sent = office.perform("send", {{"from", from}, {"to", to}}, with_id(message_id));
    EXPECT_TRUE(sent.has_value()) << sent.error().what;
    return sent ? (*sent)["id"].get<std::string>() : "";
  }
  /// The ids found, newest first; one whose whole life is told counts as found.
  std::vector<std::string> found(const std::string& subject, Json more = Json::object()) {
    more["subject"] = subject;
    const auto answer = office.perform("trace", std::move(more));
    std::vector<std::string> out;
    if (!answer) return out;
    if (answer->contains("message")) return {(*answer)["message"]["id"]};
    for (const Json& message : (*answer)["messages"]) out.push_back(message["id"]);
    return out;
  }
  Json life(const std::string& subject) {
    const auto answer = office.perform("trace", {{"subject", subject}});
    EXPECT_TRUE(answer && answer->contains("message")) << (answer ? answer->dump() : answer.error().what);
    return answer ? (*answer)["message"] : Json();
  }
  void deliver(std::size_t claims) {
    struct Round {
      static io::Task<> run(Office& of, std::size_t expected) { EXPECT_EQ(co_await service::test::deliver_due(of.world), expected); }
    };
    io::run_to_end(Round::run(office, claims));
  }
  using Ids = std::vector<std::string>;
  Office office;
};

TEST_F(Trace, finds_by_queue_id_message_id_and_address) {
  const std::string a = send("1@contoso.test", {"bob@dest.test"});
  office.world.clock.advance(std::chrono::hours(1));
  const std::string b = send("2@contoso.test", {"Carl@dest.test", "bob@dest.test"}, "Ben@contoso.test");
  EXPECT_EQ(found(a), Ids{a});
  EXPECT_EQ(found("1@contoso.test"), Ids{a});
  EXPECT_EQ(found("<2@contoso.test>"), Ids{b});
  EXPECT_EQ(found("bob@dest.test"), (Ids{b, a})) << "newest first";
  EXPECT_EQ(found("BOB@Dest.test"), (Ids{b, a}));
  EXPECT_EQ(found("carl@dest.test"), Ids{b});
  EXPECT_EQ(found("ann@contoso.test"), Ids{a}) << "as sender";
  EXPECT_EQ(found("ben@contoso.test"), Ids{b});
  EXPECT_EQ(found("bob@dest.test", {{"limit", 1U}}), Ids{b});
  EXPECT_EQ(found("bob@dest.test", {{"since", "2026-11-23T12:30:00Z"}}), Ids{b});
  EXPECT_EQ(found("nobody@dest.test"), Ids{});
  EXPECT_EQ(found("bob"), Ids{});
}

TEST_F(Trace, tells_who_handed_it_in_and_what_comes_next) {
  office.world.knows("dest.test * timeout\n");
  const std::string id = send("1@contoso.test", {"bob@dest.test"});
  deliver(1);
  const Json message = life(id);
  EXPECT_EQ(message["arrival"]["by"], "root");
  EXPECT_EQ(message["message_id"], "1@contoso.test");
  ASSERT_EQ(message["attempts"].size(), 1U);
  const Json& lookups = message["attempts"][0]["evidence"]["lookups"];
  ASSERT_FALSE(lookups.empty());
  EXPECT_EQ(lookups[0]["question"], "dest.test MX");
  EXPECT_EQ(lookups[0]["error"]["kind"], "timeout");
  EXPECT_EQ(message["recipients"][0]["state"], "waiting");
  EXPECT_TRUE(message["recipients"][0].contains("next"));
}

// Destination facts: DNSSEC status, TTL, and the records that were in force
TEST_F(Trace, an_attempt_shows_the_answers_it_rested_on) {
  office.world.knows("dest.test MX secure 10 mx.test\nmx.test A secure 127.0.0.1\n_25._tcp.mx.test TLSA secure 3 1 1 " + std::string(64, 'a') + "\n");
  const std::string id = send("1@contoso.test", {"bob@dest.test"});
  deliver(1);
  const Json message = life(id);
  const Json& attempt = message["attempts"][0];
  std::map<std::string, Json> lookups;
  for (const Json& lookup : attempt["evidence"]["lookups"]) lookups[lookup["question"]] = lookup;
  ASSERT_TRUE(lookups.contains("_25._tcp.mx.test TLSA")) << attempt.dump(1);
  EXPECT_EQ(lookups["_25._tcp.mx.test TLSA"]["dnssec"], "secure");
  EXPECT_EQ(lookups["_25._tcp.mx.test TLSA"]["records"], 1);
  EXPECT_TRUE(lookups["_25._tcp.mx.test TLSA"].contains("ttl"));
  EXPECT_EQ(lookups["dest.test MX"]["answer"], "records");
  EXPECT_EQ(attempt["evidence"]["hop"]["published"][0], "3 1 1 " + std::string(64, 'a'));
}

TEST_F(Trace, a_notice_and_its_cause_name_each_other) {
  office.world.knows("dest.test MX secure 0 .\n");  // RFC 7505: takes no mail
  const std::string id = send("1@contoso.test", {"bob@dest.test"});
  deliver(1);
  const Json message = life(id);
  EXPECT_EQ(message["recipients"][0]["state"], "failed");
  ASSERT_EQ(message["notices"].size(), 1U);
  const Json notice = life(message["notices"][0]["id"]);
  EXPECT_EQ(notice["about"], id);
  EXPECT_EQ(notice["origin"], "notice");
  EXPECT_NE(notice["message_id"], "");
  EXPECT_EQ(found("ann@contoso.test").size(), 2U) << "she sent one, and was sent the other";
}

TEST_F(Trace, bad_input_is_named) {
  EXPECT_EQ(office.fault("trace", Json::object()), "'subject' is missing");
  EXPECT_NE(office.fault("trace", {{"subject", "a@b.test"}, {"since", "yesterday"}}), "");
  EXPECT_EQ(office.fault("trace", {{"subject", "a@b.test"}, {"limit", 0}}), "'limit' is a number from 1 to 1000");
  EXPECT_EQ(office.fault("trace", {{"subject", "a@b.test"}, {"limit", 1001U}}), "'limit' is a number from 1 to 1000");
  EXPECT_EQ(office.perform("trace", {{"subject", "<>"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(office.perform("trace", {{"subject", types::QueueId::from_number(12345).to_string()}}).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace danewerk::app::test
