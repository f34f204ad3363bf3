// domain.import on a real store: what comes in, what a second run changes, what fails and why.
#include "app/control/test_office.h"

namespace danewerk::app::test {
namespace {

Json row(const std::string& domain, const char* tenant = "contoso", const char* route = "lmtp:192.0.2.1:24") {
  return {{"domain", domain}, {"tenant", tenant}, {"route", route}};
}

Json verified(Json one, bool dnssec = true, bool dane = true) {
  one["verified"] = true;
  one["dnssec"] = dnssec;
  one["dane"] = dane;
  return one;
}

const types::AcceptedDomain* find(Office& office, const char* domain) { return office.domains->snapshot()->find(*types::DomainName::parse(domain)); }

TEST(Import, a_second_run_changes_nothing) {
  Office office;
  const Json rows = Json::array({verified(row("one.example")), verified(row("BÜCHER.example")), row("plain.example", "fabrikam")});
  auto first = office.perform("domain.import", {{"rows", rows}, {"why", "moved in"}});
  ASSERT_TRUE(first.has_value()) << first.error().what;
  EXPECT_EQ((*first)["added"], 3);
  EXPECT_TRUE((*first)["failed"].empty()) << (*first)["failed"].dump();
  ASSERT_NE(find(office, "xn--bcher-kva.example"), nullptr);
  const types::DomainFacts facts = find(office, "one.example")->facts;
  EXPECT_EQ(facts.proof, types::ControlProof::imported);
  EXPECT_EQ(types::host_wish(facts), types::HostWish::dane);
  EXPECT_EQ(types::host_wish(find(office, "plain.example")->facts), types::HostWish::absent);
  EXPECT_EQ(office.ledger("one.example").front().act.why, "moved in");
  const auto second = office.perform("domain.import", {{"rows", rows}});
  EXPECT_EQ((*second)["added"], 0);
  EXPECT_EQ((*second)["changed"], 0);
  EXPECT_EQ((*second)["unchanged"], 3);
  EXPECT_EQ(find(office, "one.example")->facts, facts);
}

TEST(Import, a_bad_row_fails_alone_and_says_why) {
  Office office;
  ASSERT_TRUE(office.add_domain("theirs.example", "fabrikam").has_value());
  ASSERT_TRUE(office.add_domain("here.example").has_value());
  office.parts->life.require_control = true;
  Json unproven = row("unproven.example");
  unproven["dane"] = true;
  const Json rows = Json::array({row("good.example"), row("no domain!"), row("theirs.example"), row("here.example", "contoso", "lmtp:192.0.2.9:24"),
                                 row("x.example", "contoso", "uucp:1"), row("good.example"), unproven, Json("text"), row("also-good.example")});
  const auto done = office.perform("domain.import", {{"rows", rows}});
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ((*done)["added"], 2);
  std::map<int, std::string> faults;
  for (const Json& one : (*done)["failed"]) faults[one["row"]] = one["what"];
  ASSERT_EQ(faults.size(), 7U) << (*done)["failed"].dump(1);
  EXPECT_NE(faults[2].find("tenant fabrikam"), std::string::npos) << faults[2];
  EXPECT_NE(faults[3].find("--update"), std::string::npos) << faults[3];
  EXPECT_NE(faults[5].find("earlier in this batch"), std::string::npos) << faults[5];
  EXPECT_NE(faults[6].find("not proven"), std::string::npos) << faults[6];
  EXPECT_EQ(find(office, "theirs.example")->tenant.text(), "fabrikam");
  EXPECT_EQ(find(office, "unproven.example"), nullptr);
}

TEST(Import, flags_and_routes_come_later_too) {
  Office office;
  ASSERT_TRUE(office.perform("domain.import", {{"rows", Json::array({row("one.example")})}}).has_value());
  const Json rows = Json::array({verified(row("one.example", "contoso", "lmtp:192.0.2.9:24"), true, false)});
  const auto dry = office.perform("domain.import", {{"rows", rows}, {"update", true}, {"dry_run", true}});
  EXPECT_EQ((*dry)["changed"], 1);
  EXPECT_EQ(types::host_wish(find(office, "one.example")->facts), types::HostWish::absent);
  const auto done = office.perform("domain.import", {{"rows", rows}, {"update", true}});
  EXPECT_TRUE((*done)["failed"].empty()) << (*done)["failed"].dump();
  EXPECT_EQ(types::host_wish(find(office, "one.example")->facts), types::HostWish::plain);
  EXPECT_EQ(find(office, "one.example")->route.to_string(), "lmtp:192.0.2.9:24");
}

TEST(Import, what_a_row_does_not_say_is_as_for_any_new_domain_and_no_takes_nothing_away) {
  Office office;
  io::SeededEntropy entropy{7671};
  office.parts->life.entropy = &entropy;
  office.parts->life.require_control = true;
  office.parts->mx_host_of = [](const types::DomainName&) { return std::string("host"); };  // there is a zone
  Json plain = row("plain.example");
  plain["dnssec"] = false;
  const Json rows = Json::array({row("silent.example"), plain, verified(row("on.example"))});
  EXPECT_EQ((*office.perform("domain.import", {{"rows", rows}}))["added"], 3);
  const types::DomainFacts silent = find(office, "silent.example")->facts;
  EXPECT_EQ(types::host_wish(silent), types::HostWish::dane) << "born secure";
  EXPECT_FALSE(types::takes_mail(silent)) << "its control is not proven";
  EXPECT_NE(silent.token, types::ControlToken{});
  EXPECT_EQ(types::host_wish(find(office, "plain.example")->facts), types::HostWish::absent);
  const Json less = Json::array({verified(row("on.example"), false, false)});
  EXPECT_EQ((*office.perform("domain.import", {{"rows", less}}))["unchanged"], 1);
  EXPECT_EQ(types::host_wish(find(office, "on.example")->facts), types::HostWish::dane);
  const Json proven = Json::array({verified(row("silent.example"))});
  EXPECT_EQ((*office.perform("domain.import", {{"rows", proven}}))["changed"], 1);
  EXPECT_EQ(find(office, "silent.example")->facts.token, silent.token);
  EXPECT_TRUE(types::takes_mail(find(office, "silent.example")->facts));
}

TEST(Import, a_quarantine_is_not_ended_by_a_file) {
  Office office;
  const Json rows = Json::array({verified(row("left.example"))});
  EXPECT_EQ((*office.perform("domain.import", {{"rows", rows}}))["added"], 1);
  const types::AcceptedDomain before = *find(office, "left.example");
  types::DomainFacts facts = before.facts;
  facts.quarantined = *facts.verified;
  office.note({before.domain, before.facts, facts});
  for (const Json& again : {verified(row("left.example"), false, false), row("left.example", "fabrikam")}) {
    const Json answer = *office.perform("domain.import", {{"rows", Json::array({again})}});
    EXPECT_EQ(answer["failed"].size(), 1U);
    EXPECT_NE(answer["failed"][0]["what"].get<std::string>().find("danewerk domain remove left.example"), std::string::npos) << answer.dump();
  }
  EXPECT_EQ((*office.perform("domain.import", {{"rows", Json::array({row("left.example")})}}))["unchanged"], 1);
  const std::string taken = office.fault("domain.add", {{"domain", "left.example"}, {"tenant", "fabrikam"}, {"route", "lmtp:192.0.2.1:24"}});
  EXPECT_NE(taken.find("for tenant contoso; it is in quarantine"), std::string::npos) << taken;
  EXPECT_FALSE(types::takes_mail(find(office, "left.example")->facts));
}

TEST(Import, bad_requests_are_named) {
  Office office;
  EXPECT_EQ(office.fault("domain.import", Json::object()), "'rows' is missing: a list of domains");
  EXPECT_NE(office.fault("domain.import", {{"rows", Json::array()}, {"dry_run", "yes"}}), "");
  EXPECT_NE(office.fault("domain.import", {{"rows", std::vector<int>(5001)}}), "");
}

}  // namespace
}  // namespace danewerk::app::test
