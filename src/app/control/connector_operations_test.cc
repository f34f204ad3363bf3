// Connectors as the commands use them: on a real store, from files with lines, and simulated over recorded attempts.
#include "app/control/connector_file.h"
#include "app/control/test_office.h"

namespace danewerk::app::test {
namespace {

Json rule(const char* id, const char* pattern, Json more = Json::object()) {
  Json json{{"id", id}, {"pattern", pattern}, {"reason", "a test"}};
  json.update(more);
  return json;
}

Result<Json> add(Office& office, Json what, Json more = Json::object()) {
  Json arguments{{"rule", std::move(what)}, {"why", "ticket 7"}};
  arguments.update(more);
  return office.perform("connector.add", std::move(arguments));
}

std::string order(Office& office, const char* tenant = "") {
  std::string out;
  const auto listed = office.perform("connector.list", {{"tenant", tenant}});
  for (const Json& one : (*listed)["connectors"]) out += (out.empty() ? "" : " ") + one["id"].get<std::string>();
  return out;
}

TEST(ConnectorOperations, a_rule_is_added_shown_changed_moved_and_removed) {
  Office office;
  ASSERT_TRUE(office.add_domain("contoso.test").has_value());
  const auto added = add(office, rule("bank", "*.B\u00fccher.test", {{"dane", "mandatory"}, {"tenant", "contoso"}}));
  ASSERT_TRUE(added.has_value()) << added.error().what;
  EXPECT_EQ((*added)["changed"][0]["pattern"], "*.xn--bcher-kva.test");
  EXPECT_EQ((*added)["changed"][0]["author"], "root");
  ASSERT_TRUE(add(office, rule("b", "b.test")).has_value());
  ASSERT_TRUE(add(office, rule("a", "a.test"), {{"before", "b"}}).has_value());
  EXPECT_EQ(order(office), "a b bank");
  EXPECT_EQ(order(office, "contoso"), "bank");
  EXPECT_EQ(order(office, "*"), "a b");
  ASSERT_TRUE(office.perform("connector.move", {{"id", "b"}, {"first", true}}).has_value());
  EXPECT_EQ(order(office, "*"), "b a");
  const auto set = office.perform("connector.set", {{"id", "bank"}, {"rule", {{"dane", "none"}, {"expires", "2026-12-31"}}}, {"why", "their DNSSEC broke"}});
  ASSERT_TRUE(set.has_value()) << set.error().what;
  EXPECT_EQ((*set)["changed"][0]["expires"], "2026-12-31T00:00:00Z");
  const auto shown = office.perform("connector.show", {{"id", "bank"}});
  EXPECT_EQ((*shown)["connector"]["terms"], "dane none");
  ASSERT_EQ((*shown)["ledger"].size(), 2U);
  EXPECT_EQ((*shown)["ledger"][0]["why"], "their DNSSEC broke");
  EXPECT_EQ(office.ledger("bank").at(0).tenant->text(), "contoso");
  EXPECT_EQ((*office.perform("connector.remove", {{"id", "b"}}))["removed"], Json::array({"b"}));
  EXPECT_EQ(order(office), "a bank");
}

TEST(ConnectorOperations, a_dry_run_changes_nothing) {
  Office office;
  const auto would = add(office, rule("a", "a.test"), {{"dry_run", true}});
  ASSERT_TRUE(would.has_value());
  EXPECT_EQ((*would)["dry_run"], true);
  EXPECT_EQ((*would)["changed"][0]["id"], "a");
  EXPECT_EQ(order(office), "");
  EXPECT_TRUE(office.ledger("a").empty());
}

TEST(ConnectorOperations, bad_input_is_named) {
  Office office;
  const auto fault = [&](Json what) {
    const auto out = add(office, std::move(what));
    return out ? std::string() : out.error().what;
  };
  EXPECT_EQ(office.fault("connector.add", Json::object()), "'rule' is missing");
  EXPECT_NE(fault(rule("a", "user@a.test")).find("connector a: pattern: 'user@a.test' names no recipient domains"), std::string::npos);
  EXPECT_NE(fault(rule("a", "a.test", {{"dane", 7}})).find("dane: write a text"), std::string::npos);
  EXPECT_NE(fault(rule("a", "a.test", {{"tenant", "nobody"}})).find("tenant: there is no tenant nobody"), std::string::npos);
  EXPECT_NE(fault(rule("a", "a.test", {{"expires", "2020-01-01"}})).find("it has expired"), std::string::npos);
  EXPECT_NE(fault(rule("a", "a.test", {{"route", "[192.0.2.1]"}, {"dane", "mandatory"}})).find("can never be met"), std::string::npos);
  ASSERT_TRUE(add(office, rule("all", "*")).has_value());
  EXPECT_NE(fault(rule("a", "a.test")).find("would never decide: connector all"), std::string::npos);
  EXPECT_EQ(add(office, rule("all", "b.test")).error().kind, ErrorKind::conflict);
  EXPECT_EQ(office.perform("connector.show", {{"id", "none"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(office.perform("connector.remove", {{"id", "none"}}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(order(office), "all");
}

constexpr const char* file = R"(# the rules
[[connector]]
id = "bank"
pattern = "bank.test"
dane = "mandatory"
reason = "a \"contract\""

[[connector]]
id = "rest"
pattern = "*"
tls = "verify"
verify_names = ["mx.a.test", "mx.b.test"]
reason = "house rule"
)";

TEST(ConnectorOperations, what_is_exported_is_what_import_reads) {
  Office office;
  const auto imported = office.perform("connector.import", {{"why", "the yearly review"}}, file);
  ASSERT_TRUE(imported.has_value()) << imported.error().what;
  EXPECT_EQ(order(office), "bank rest");
  const std::string text = (*office.perform("connector.export", Json::object()))["text"];
  const auto again = office.perform("connector.import", Json::object(), text);
  ASSERT_TRUE(again.has_value()) << again.error().what;
  EXPECT_EQ((*again)["changed"], Json::array()) << text;
  const Json exported = *office.perform("connector.export", Json::object());
  const auto as_json = office.perform("connector.import", Json::object(), Json{{"connectors", exported["connectors"]}}.dump(1));
  ASSERT_TRUE(as_json.has_value()) << as_json.error().what;
  EXPECT_EQ((*as_json)["changed"], Json::array());
  EXPECT_EQ(office.ledger("bank").size(), 1U);
}

TEST(ConnectorOperations, an_import_with_a_fault_changes_nothing_and_names_the_line) {
  Office office;
  ASSERT_TRUE(add(office, rule("old", "old.test")).has_value());
  const auto fault = [&](const std::string& text) { return office.fault("connector.import", Json::object(), text); };
  const auto with = [](const char* was, const char* is) {
    std::string text = file;
    return text.replace(text.find(was), std::string(was).size(), is);
  };
  EXPECT_EQ(fault(with("\"mandatory\"", "\"madatory\"")), "line 5: connector bank: dane: 'madatory' is none of opportunistic, mandatory, none, audit");
  EXPECT_EQ(fault(with("\"mandatory\"", "true")), "line 5: dane: write a text in quotes, or a list of texts");
  EXPECT_EQ(fault(with("\"mandatory\"", "")).substr(0, 7), "line 5:");
  EXPECT_EQ(fault(with("[\"mx.a.test\", ", "[7, ")).substr(0, 8), "line 12:") << fault(with("[\"mx.a.test\", ", "[7, "));
  EXPECT_EQ(fault(with("tls = ", "tsl = ")).substr(0, 29), "line 11: connector rest: tsl:");
  EXPECT_EQ(fault(with("\"bank.test\"", "\"*\"")).substr(0, 43), "line 10: connector rest: pattern: * would n");
  EXPECT_EQ(fault("[rules]\n").substr(0, 7), "line 1:");
  EXPECT_NE(fault("").find("holds no connector"), std::string::npos);
  EXPECT_EQ(fault("{\"connectors\": [\n {\"id\": \"a\",\n  \"pattern\": \"a@b\",\n  \"reason\": \"r\"}]}").substr(0, 30), "line 3: connector a: pattern: ");
  EXPECT_EQ(fault("{\"connectors\": [\n {\"id\": \"a\",\n  \"dane\": 7}]}").substr(0, 28), "line 3: dane: there is a num");
  EXPECT_EQ(fault("{\"connectors\": [\n {\"id\": \"a\"\n  \"dane\": 7}]}").substr(0, 7), "line 3:");
  EXPECT_EQ(fault("{\"rules\": []}").substr(0, 14), "line 1: rules:");
  EXPECT_EQ(fault("{\"connectors\": []}"), "the file holds no connector; `danewerk connector remove` removes rules");
  EXPECT_EQ(order(office), "old");
}

TEST(ConnectorOperations, explain_says_which_rule_decides_for_whom) {
  Office office;
  office.world.knows("dest.test MX secure 10 mx.test\nmx.test A secure 192.0.2.1\nrelay.test A secure 192.0.2.2\n");
  ASSERT_TRUE(office.add_domain("contoso.test").has_value());
  ASSERT_TRUE(add(office, rule("all", "dest.test", {{"dane", "mandatory"}, {"expires", "2027-01-01"}})).has_value());
  ASSERT_TRUE(add(office, rule("ours", "*.test", {{"tenant", "contoso"}, {"route", "[relay.test]:587"}})).has_value());
  const auto everybody = office.perform("explain", {{"subject", "bob@dest.test"}});
  ASSERT_TRUE(everybody.has_value()) << everybody.error().what;
  EXPECT_EQ((*everybody)["rule"]["id"], "all");
  EXPECT_EQ((*everybody)["stop"]["code"], types::code_for(types::TlsFailure::dane_required).to_string());
  const std::string text = (*everybody)["text"];
  EXPECT_EQ(text.rfind("Connector all for all decides (a test): dane mandatory,", 0), 0U) << text;
  const auto contosos = office.perform("explain", {{"subject", "bob@dest.test"}, {"tenant", "contoso"}});
  EXPECT_EQ((*contosos)["rule"]["id"], "ours");
  EXPECT_EQ((*contosos)["next_hop"], "[relay.test]:587");
  office.world.clock.advance(std::chrono::hours(24 * 100));
  const auto later = office.perform("explain", {{"subject", "dest.test"}});
  EXPECT_FALSE((*later).contains("rule"));
  EXPECT_NE((*later)["text"].get<std::string>().find("connector all (a test, by root) expired at 2027-01-01T00:00:00Z"), std::string::npos);
  EXPECT_EQ(office.perform("explain", {{"subject", "dest.test"}, {"tenant", "nobody"}}).error().kind, ErrorKind::not_found);
}

/// An attempt of `at` as delivery records it, with only what a simulation reads.
types::AttemptEvidence carried(Instant at, const std::string& hop, const char* mx, bool matched, bool tls, int recipients) {
  Json json{{"hop", {{"host", "mx." + hop}, {"mx", mx}, {"reason", matched ? "tlsa_usable" : "tlsa_absent"}}}, {"channel", tls ? "tls" : "cleartext"}};
  if (matched) json["dane"] = {{"verdict", "matched"}};
  for (int i = 0; i < recipients; ++i) json["replies"].push_back({{"recipient", i}, {"phase", "end of content"}, {"reply", "250 ok"}});
  return {at, {hop}, "mx." + hop, {2, 0, 0}, "completed", json.dump()};
}

io::Task<> keep(service::test::World& world, std::string tenant, std::vector<types::AttemptEvidence> attempts) {
  types::NewMessage message = service::test::message_to("dest.test");
  message.tenant = *types::TenantId::parse(tenant);
  const types::QueueId id = co_await service::test::accept(world, std::move(message));
  io::Recording recording{id, {"dest.test"}, world.clock.now(), {}, std::move(attempts), {}};
  EXPECT_TRUE((co_await world.queue->record(std::move(recording))).has_value());
}

TEST(ConnectorOperations, simulate_counts_what_was_recorded) {
  Office office;
  const Instant now = office.world.clock.now();
  const auto ago = [now](int hours) { return now - std::chrono::hours(hours); };
  io::run_to_end(keep(office.world, "contoso",
                      {carried(ago(24 * 9), "held.test", "secure", false, true, 1), carried(ago(20), "good.test", "secure", true, true, 2),
                       carried(ago(19), "held.test", "secure", false, false, 3),
                       carried(ago(18), "route:contoso.test", "not_used", false, false, 1)}));
  io::run_to_end(keep(office.world, "fabrikam", {carried(ago(3), "held.test", "secure", false, true, 1),
                                                 carried(ago(2), "half.test", "insecure", true, true, 1)}));
  const auto simulate = [&](Json what, Json more = Json::object()) {
    Json arguments{{"rule", std::move(what)}};
    arguments.update(more);
    auto out = office.perform("connector.simulate", std::move(arguments));
    EXPECT_TRUE(out.has_value()) << out.error().what;
    return out ? *out : Json();
  };
  const Json all = simulate({{"pattern", "*"}, {"dane", "mandatory"}});
  EXPECT_EQ(all["total"]["passes"], (Json{{"deliveries", 1}, {"recipients", 2}}));
  EXPECT_EQ(all["total"]["held"], (Json{{"deliveries", 3}, {"recipients", 5}}));
  ASSERT_EQ(all["to"].size(), 2U);
  EXPECT_EQ(all["to"][0]["domain"], "held.test");
  EXPECT_EQ(all["to"][0]["held"], (Json{{"deliveries", 2}, {"recipients", 4}}));
  EXPECT_EQ(all["to"][1]["domain"], "half.test");
  EXPECT_EQ(simulate({{"pattern", "*"}, {"dane", "mandatory"}}, {{"days", 30}})["total"]["held"]["deliveries"], 4);
  EXPECT_EQ(simulate({{"pattern", "held.test"}, {"tls", "require"}})["total"]["held"], (Json{{"deliveries", 1}, {"recipients", 3}}));
  EXPECT_EQ(simulate({{"pattern", "*"}, {"dane", "mandatory"}, {"tenant", "fabrikam"}})["total"]["held"]["recipients"], 2);
  EXPECT_EQ(simulate({{"pattern", "*"}, {"mta_sts", "mandatory"}})["total"]["not_told"]["deliveries"], 4);
  EXPECT_NE(office.fault("connector.simulate", {{"rule", {{"pattern", "*"}}}}).find("say what would be demanded"), std::string::npos);
  EXPECT_NE(office.fault("connector.simulate", {{"rule", {{"pattern", "*"}, {"dane", "mandatory"}}}, {"days", 0}}).find("days: "), std::string::npos);
  EXPECT_NE(office.fault("connector.simulate", {{"rule", {{"pattern", "*"}, {"dane", "mandatory"}, {"route", "x.test"}}}}).find("route: "), std::string::npos);
}

}  // namespace
}  // namespace danewerk::app::test
