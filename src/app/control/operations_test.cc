// The operations on queue and domains against a real store: what they select, what they change, what the ledger keeps.
#include "app/control/test_office.h"

namespace danewerk::app::test {
namespace {

/// Queues a message and returns its id.
std::string queue(Office& office, const std::string& hop, const std::string& recipient, const char* tenant = "contoso") {
  struct Queued {
    static io::Task<> accept(Office& into, types::NewMessage message, std::optional<types::QueueId>& id) {
      id = co_await service::test::accept(into.world, std::move(message));
    }
  };
  types::NewMessage message = service::test::message_to(hop, {recipient});
  message.tenant = *types::TenantId::parse(tenant);
  message.received_at = message.next_at = office.world.clock.now();
  std::optional<types::QueueId> id;
  io::run_to_end(Queued::accept(office, std::move(message), id));
  return id->to_string();
}

std::vector<std::string> ids(Office& office, const Json& filter) {
  std::vector<std::string> out;
  const auto listed = office.perform("queue.list", filter);
  EXPECT_TRUE(listed.has_value()) << listed.error().what;
  for (const Json& message : (*listed)["messages"]) out.push_back(message["id"]);
  return out;
}

TEST(QueueOperations, filters_narrow) {
  Office office;
  const std::string a = queue(office, "one.test", "bob@one.test");
  const std::string b = queue(office, "two.test", "carl@two.test");
  const std::string c = queue(office, "two.test", "dora@two.test", "fabrikam");
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(office, Json::object()), (Ids{a, b, c}));
  EXPECT_EQ(ids(office, {{"hop", "two.test"}}), (Ids{b, c}));
  EXPECT_EQ(ids(office, {{"hop", "two.test"}, {"tenant", "contoso"}}), Ids{b});
  EXPECT_EQ(ids(office, {{"recipient", "dora@two.test"}}), Ids{c});
  EXPECT_EQ(ids(office, {{"id", a}}), Ids{a});
  EXPECT_EQ(ids(office, {{"limit", 2U}}), (Ids{a, b}));
  EXPECT_EQ(ids(office, {{"which", "finished"}}), Ids{});
  const auto all = office.perform("queue.list", Json::object());
  EXPECT_EQ((*all)["counts"]["waiting"], 3);
  EXPECT_EQ((*all)["messages"][0]["sender"], "ann@contoso.test");
}

TEST(QueueOperations, bad_filters_are_named) {
  Office office;
  EXPECT_EQ(office.fault("queue.list", {{"which", "old"}}), "'old' is none of queued, held, finished, all");
  EXPECT_NE(office.fault("queue.list", {{"id", "no id"}}), "");
  EXPECT_NE(office.fault("queue.list", {{"tenant", "No Tenant!"}}), "");
  EXPECT_EQ(office.fault("queue.show", Json::object()), "'id' is missing");
  EXPECT_EQ(office.fault("queue.drop", {{"ids", "one"}}), "name the messages to drop");
  EXPECT_NE(office.fault("queue.drop", {{"ids", {1, 2}}}), "");
  EXPECT_EQ(office.perform("queue.show", {{"id", types::QueueId::from_number(12345).to_string()}}).error().kind, ErrorKind::not_found);
}

TEST(QueueOperations, dropping_leaves_who_and_why) {
  Office office;
  const std::string kept = queue(office, "one.test", "bob@one.test");
  const std::string gone = queue(office, "one.test", "carl@one.test");
  const auto dropped = office.perform("queue.drop", {{"ids", {gone}}, {"why", "a test went wild"}});
  ASSERT_TRUE(dropped.has_value()) << dropped.error().what;
  EXPECT_EQ((*dropped)["dropped"], Json::array({gone}));
  EXPECT_EQ(ids(office, Json::object()), std::vector<std::string>{kept});
  const auto rows = office.ledger(gone);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].action, "queue.drop");
  EXPECT_EQ(rows[0].act.who, "root");
  EXPECT_EQ(rows[0].act.why, "a test went wild");
  EXPECT_EQ(rows[0].act.at, office.world.clock.now());
  const auto shown = office.perform("queue.show", {{"id", gone}});
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ((*shown)["recipients"][0]["state"], "dropped");
  EXPECT_EQ((*office.perform("queue.drop", {{"ids", {gone}}, {"why", "again"}}))["dropped"].size(), 0U);
  EXPECT_EQ(office.ledger(kept).size(), 0U);
}

TEST(QueueOperations, retry_makes_due_what_matches) {
  Office office;
  office.world.knows("one.test * timeout\ntwo.test * timeout\n");
  const std::string a = queue(office, "one.test", "bob@one.test");
  const std::string b = queue(office, "two.test", "carl@two.test");
  struct Round {
    static io::Task<> run(Office& of) { EXPECT_EQ(co_await service::test::deliver_due(of.world), 2U); }
  };
  io::run_to_end(Round::run(office));
  EXPECT_EQ((*office.perform("queue.list", Json::object()))["counts"]["due"], 0);
  const auto retried = office.perform("queue.retry", {{"hop", "two.test"}, {"why", "they called"}});
  ASSERT_TRUE(retried.has_value());
  EXPECT_EQ((*retried)["recipients"], 1);
  EXPECT_EQ((*office.perform("queue.list", Json::object()))["counts"]["due"], 1);
  const auto shown = office.perform("queue.show", {{"id", b}});
  EXPECT_EQ((*shown)["attempts"].size(), 1U);
  EXPECT_TRUE((*shown)["attempts"][0]["evidence"].is_object()) << "evidence is shown as JSON, not as a string of it";
  EXPECT_TRUE((*shown)["recipients"][0]["evidence"].is_object());
}

Json first_of(const std::string& id, Office& office) { return (*office.perform("queue.show", {{"id", id}}))["recipients"][0]; }

TEST(QueueOperations, a_rehearsal_says_what_would_be_and_changes_nothing) {
  Office office;
  const std::string a = queue(office, "one.test", "bob@one.test");
  queue(office, "two.test", "carl@two.test");
  for (const char* operation : {"queue.hold", "queue.expire", "queue.drop"}) {
    const auto would = office.perform(operation, {{"domain", "one.test"}, {"dry_run", true}});
    ASSERT_TRUE(would.has_value()) << would.error().what;
    EXPECT_EQ((*would)["recipients"], 1);
    EXPECT_EQ((*would)["messages"], 1);
    EXPECT_EQ((*would)["first"][0]["id"], a);
    EXPECT_EQ((*would)["first"][0]["recipient"], "bob@one.test");
  }
  EXPECT_EQ(first_of(a, office)["state"], "waiting");
  EXPECT_TRUE(office.ledger(a).empty());
  EXPECT_TRUE(office.ledger("one.test").empty());
}

TEST(QueueOperations, hold_and_release) {
  Office office;
  const std::string a = queue(office, "one.test", "bob@one.test");
  const std::string b = queue(office, "two.test", "carl@two.test");
  EXPECT_EQ((*office.perform("queue.hold", {{"domain", "one.test"}, {"why", "their host is on fire"}}))["recipients"], 1);
  EXPECT_EQ(first_of(a, office)["state"], "held");
  EXPECT_EQ(first_of(b, office)["state"], "waiting");
  EXPECT_EQ(ids(office, {{"which", "held"}}), std::vector<std::string>{a});
  EXPECT_EQ((*office.perform("status", Json::object()))["queue"]["held"], 1);
  EXPECT_EQ((*office.perform("queue.release", Json::object()))["recipients"], 1);
  EXPECT_EQ(first_of(a, office)["state"], "waiting");
  EXPECT_EQ(office.ledger("one.test").at(0).act.why, "their host is on fire");
}

TEST(QueueOperations, what_stops_or_ends_mail_must_be_named_and_justified) {
  Office office;
  const std::string a = queue(office, "one.test", "bob@one.test");
  for (const char* verb : {"hold", "expire", "drop"}) {
    const std::string operation = std::string("queue.") + verb;
    EXPECT_NE(office.fault(operation, {{"why", "tired"}}).find("say --all"), std::string::npos);
    EXPECT_NE(office.fault(operation, {{"id", a}}).find("say why"), std::string::npos);
  }
  EXPECT_NE(office.fault("queue.retry", {{"code", "4.x"}}).find("like 4.7.323"), std::string::npos);
  EXPECT_NE(office.fault("queue.retry", {{"older_than", "soon"}}).find("older_than"), std::string::npos);
  EXPECT_NE(office.fault("queue.retry", {{"domain", "a.test"}, {"hop", "b.test"}}).find("not both"), std::string::npos);
  EXPECT_NE(office.fault("queue.retry", {{"domain", "no domain"}}), "");
  EXPECT_EQ(first_of(a, office)["state"], "waiting");
  EXPECT_EQ((*office.perform("queue.drop", {{"all", true}, {"why", "the lab is over"}}))["recipients"], 1);
}

TEST(QueueOperations, older_than_and_code_select) {
  Office office;
  office.world.knows("one.test * timeout\n");
  const std::string a = queue(office, "one.test", "bob@one.test");
  struct Round {
    static io::Task<> run(Office& of) { EXPECT_EQ(co_await service::test::deliver_due(of.world), 1U); }
  };
  io::run_to_end(Round::run(office));
  office.world.clock.advance(std::chrono::hours(2));
  const std::string b = queue(office, "two.test", "carl@two.test");
  const auto would = [&](Json filter) {
    filter["dry_run"] = true;
    return (*office.perform("queue.hold", std::move(filter)))["recipients"].get<int>();
  };
  EXPECT_EQ(would({{"older_than", "1 h"}}), 1);
  EXPECT_EQ(would({{"older_than", "3 h"}}), 0);
  EXPECT_EQ(would({{"code", "4.4.*"}}), 1);
  EXPECT_EQ(would({{"code", "4.7.*"}}), 0);
  EXPECT_EQ(would({{"sender", "ann@contoso.test"}}), 2);
  EXPECT_EQ(would({{"sender", "<>"}}), 0);
}

// RFC 3464: the sender hears of it, with the last failure as the reason
TEST(QueueOperations, expire_tells_the_sender_with_the_last_failure) {
  Office office;
  office.world.knows("one.test * timeout\n");
  const std::string a = queue(office, "one.test", "bob@one.test");
  struct Round {
    static io::Task<> run(Office& of) { EXPECT_EQ(co_await service::test::deliver_due(of.world), 1U); }
    static io::Task<> notice(Office& of, std::string& out) { out = co_await service::test::only_notice(of.world); }
  };
  io::run_to_end(Round::run(office));
  const std::string held = queue(office, "two.test", "carl@two.test");
  EXPECT_EQ((*office.perform("queue.hold", {{"id", held}, {"why", "x"}}))["recipients"], 1);
  const auto expired = office.perform("queue.expire", {{"domain", "one.test"}, {"why", "bankrupt"}});
  ASSERT_TRUE(expired.has_value()) << expired.error().what;
  EXPECT_EQ((*expired)["recipients"], 1);
  EXPECT_EQ(first_of(a, office)["state"], "failed");
  EXPECT_EQ(first_of(a, office)["code"], "5.4.312");
  EXPECT_EQ(office.ledger(a).at(0).action, "queue.expire");
  EXPECT_EQ(office.ledger(a).at(0).act.why, "bankrupt");
  std::string notice;
  io::run_to_end(Round::notice(office, notice));
  EXPECT_NE(notice.find("\r\nStatus: 5.4.312\r\n"), std::string::npos) << notice;
  EXPECT_NE(notice.find("Given up by the operator"), std::string::npos) << notice;
  EXPECT_EQ(notice.find("bankrupt"), std::string::npos) << "the reason in the ledger is the operator's, not the world's";

  EXPECT_EQ((*office.perform("queue.expire", {{"id", held}, {"why", "x"}}))["recipients"], 1) << "also what is held";
  EXPECT_EQ(first_of(held, office)["code"], "5.4.300") << "and what was never tried";
}

TEST(QueueOperations, destinations_say_what_waits) {
  Office office;
  queue(office, "one.test", "bob@one.test");
  queue(office, "two.test", "carl@two.test");
  queue(office, "two.test", "dora@two.test", "fabrikam");
  const auto all = office.perform("queue.destinations", Json::object());
  ASSERT_TRUE(all.has_value()) << all.error().what;
  ASSERT_EQ((*all)["destinations"].size(), 2U);
  EXPECT_EQ((*all)["destinations"][0]["hop"], "two.test");
  EXPECT_EQ((*all)["destinations"][0]["waiting"], 2);
  EXPECT_EQ((*office.perform("queue.destinations", {{"domain", "one.test"}}))["destinations"].size(), 1U);
}

TEST(Alerts, are_raised_once_shown_while_they_last_and_cleared_once) {
  Office office;
  Alerts alerts(office.world.log, office.world.clock);
  office.parts->alerts = &alerts;
  alerts.set("disk", std::nullopt);
  alerts.set("disk", "200 MiB left");
  office.world.clock.advance(std::chrono::minutes(1));
  alerts.set("disk", "199 MiB left");
  alerts.set("resolver", "no answer");
  const auto status = office.perform("status", Json::object());
  ASSERT_EQ((*status)["alerts"].size(), 2U);
  EXPECT_EQ((*status)["alerts"][0]["subject"], "disk");
  EXPECT_EQ((*status)["alerts"][0]["what"], "199 MiB left");
  EXPECT_EQ((*status)["alerts"][0]["since"], to_rfc3339(service::test::start));
  alerts.set("disk", std::nullopt);
  alerts.set("disk", std::nullopt);
  EXPECT_EQ((*office.perform("status", Json::object()))["alerts"].size(), 1U);
  const std::vector<std::string> records = office.world.log.records();
  const auto count = [&records](std::string_view id) {
    return std::count_if(records.begin(), records.end(), [id](const std::string& record) { return record.find(id) != std::string::npos; });
  };
  EXPECT_EQ(count("alert.raised"), 2);
  EXPECT_EQ(count("alert.cleared"), 1);
}

TEST(DomainOperations, a_domain_is_added_with_its_tenant_listed_and_removed) {
  Office office;
  const auto added = office.add_domain("B\u00fccher.test", "contoso", "smtp:192.0.2.1:25,[2001:db8::1]:25");
  ASSERT_TRUE(added.has_value()) << added.error().what;
  EXPECT_EQ((*added)["domain"], "xn--bcher-kva.test");
  EXPECT_EQ((*added)["by"], "root");
  ASSERT_TRUE(office.add_domain("fabrikam.test", "fabrikam").has_value());
  EXPECT_EQ((*office.perform("domain.list", Json::object()))["domains"].size(), 2U);
  const auto contosos = office.perform("domain.list", {{"tenant", "contoso"}});
  ASSERT_EQ((*contosos)["domains"].size(), 1U);
  EXPECT_EQ((*contosos)["domains"][0]["route"], "smtp:192.0.2.1:25,[2001:db8::1]:25");
  const auto rows = office.ledger("xn--bcher-kva.test");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].act.who, "root");
  EXPECT_EQ(rows[0].act.why, "a new customer");
  EXPECT_EQ((*office.perform("status", Json::object()))["domains"], 2);
  ASSERT_TRUE(office.perform("domain.remove", {{"domain", "b\u00fccher.test"}, {"why", "they left"}}).has_value());
  EXPECT_EQ((*office.perform("status", Json::object()))["domains"], 1);
  EXPECT_EQ(office.perform("domain.remove", {{"domain", "b\u00fccher.test"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(office.ledger("xn--bcher-kva.test").size(), 2U);
}

TEST(DomainOperations, a_domain_is_added_once) {
  Office office;
  ASSERT_TRUE(office.add_domain("contoso.test").has_value());
  const auto again = office.add_domain("CONTOSO.test", "fabrikam", "lmtp:127.0.0.1:26");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_NE(again.error().what.find("contoso.test"), std::string::npos) << again.error().what;
  const auto listed = office.perform("domain.list", Json::object());
  ASSERT_EQ((*listed)["domains"].size(), 1U);
  EXPECT_EQ((*listed)["domains"][0]["tenant"], "contoso");
  EXPECT_EQ((*listed)["domains"][0]["route"], "lmtp:127.0.0.1:24");
}

TEST(DomainOperations, bad_arguments_are_named) {
  Office office;
  EXPECT_EQ(office.fault("domain.add", {{"tenant", "contoso"}, {"route", "lmtp:127.0.0.1:24"}}), "'domain' is missing");
  EXPECT_EQ(office.fault("domain.add", {{"domain", 7}, {"tenant", "contoso"}, {"route", "lmtp:127.0.0.1:24"}}), "'domain' is missing");
  EXPECT_NE(office.add_domain("not a name").error().what.find("not a name"), std::string::npos);
  EXPECT_NE(office.add_domain("contoso.test", "contoso", "lmtp:nowhere").error().what.find("nowhere"), std::string::npos);
  EXPECT_NE(office.add_domain("contoso.test", "contoso", "carrier:127.0.0.1:1").error().what.find("carrier"), std::string::npos);
  EXPECT_EQ((*office.perform("domain.list", Json::object()))["domains"].size(), 0U);
}

// The same facts, plan and words as delivery (design.md 5)
TEST(ExplainOperation, says_what_delivery_would_demand) {
  Office office;
  ASSERT_TRUE(office.add_domain("contoso.test").has_value());
  office.world.knows("dest.test MX secure 10 mx.test\nmx.test A secure 192.0.2.1\n_25._tcp.mx.test TLSA secure 3 1 1 " + std::string(64, 'a') + "\n");
  const auto explained = office.perform("explain", {{"subject", "bob@dest.test"}});
  ASSERT_TRUE(explained.has_value()) << explained.error().what;
  ASSERT_EQ((*explained)["hosts"].size(), 1U);
  EXPECT_EQ((*explained)["hosts"][0]["level"], "dane");
  EXPECT_EQ((*explained)["hosts"][0]["tlsa"][0]["used"], true);
  const auto own = office.perform("explain", {{"subject", "contoso.test"}});
  EXPECT_NE((*own)["text"].get<std::string>().find("is one of ours: mail for it goes to lmtp:127.0.0.1:24"), std::string::npos);
  EXPECT_NE(office.fault("explain", {{"subject", "b@@d"}}), "");
}

TEST(DomainOperations, a_failed_add_leaves_no_tenant_behind) {
  Office office;
  ASSERT_TRUE(office.add_domain("contoso.test"));
  EXPECT_FALSE(office.add_domain("contoso.test", "newcomer"));
  EXPECT_EQ(office.domains->snapshot()->find_tenant(*types::TenantId::parse("newcomer")), nullptr);
  EXPECT_TRUE(office.ledger("newcomer").empty());
  EXPECT_TRUE(office.add_domain("newcomer.test", "newcomer"));
  EXPECT_EQ(office.ledger("newcomer").size(), 1U);
}

TEST(TenantOperations, suspending_and_resuming) {
  Office office;
  ASSERT_TRUE(office.add_domain("contoso.test"));
  EXPECT_NE(office.fault("tenant.suspend", {{"tenant", "contoso"}}), "") << "without a reason";
  EXPECT_NE(office.fault("tenant.suspend", {{"tenant", "nobody"}, {"why", "x"}}), "");
  EXPECT_NE(office.fault("tenant.suspend", {{"tenant", "contoso"}, {"why", "x"}, {"reject", "yes"}}), "") << "not a flag";
  ASSERT_TRUE(office.perform("tenant.suspend", {{"tenant", "contoso"}, {"why", "unpaid"}, {"inbound", true}}));
  const auto shown = office.perform("tenant.show", {{"tenant", "contoso"}});
  EXPECT_EQ((*shown)["suspended"]["why"], "unpaid");
  EXPECT_EQ((*shown)["suspended"]["new_mail"], "later");
  EXPECT_EQ((*shown)["suspended"]["inbound"], "stopped");
  EXPECT_EQ((*shown)["domains"][0], "contoso.test");
  const auto refused = office.fault("send", {{"from", "ann@contoso.test"}, {"to", {"bob@dest.test"}}}, "Subject: x\r\n\r\n");
  EXPECT_NE(refused.find("by root: unpaid"), std::string::npos) << refused;
  const std::string id = queue(office, "dest.test", "bob@dest.test");
  const auto resumed = office.perform("tenant.resume", {{"tenant", "contoso"}});
  ASSERT_TRUE(resumed.has_value());
  EXPECT_FALSE((*office.perform("tenant.list", Json::object()))["tenants"][0].contains("suspended"));
  EXPECT_NE(office.fault("tenant.resume", {{"tenant", "contoso"}}), "");
  ASSERT_EQ(office.ledger("contoso").size(), 3U);
  EXPECT_EQ(office.ledger("contoso")[1].action, "tenant.suspend");
  EXPECT_EQ(office.ledger("contoso")[1].act.why, "unpaid");
}

TEST(AnchorOperations, with_a_resolver_that_is_not_ours) {
  Office office;
  for (const char* operation : {"nta.add", "nta.list", "nta.remove"}) {
    EXPECT_NE(office.fault(operation, {{"domain", "bogus.test"}, {"why", "x"}}).find("resolver.mode is external"), std::string::npos) << operation;
  }
}

}  // namespace
}  // namespace danewerk::app::test
