// Which rule decides, what is refused, what an edit does, and what a simulation counts.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/connector/decide.h"
#include "engine/connector/edit.h"
#include "engine/connector/examine.h"

namespace danewerk::connector {
namespace {

using namespace types;

const Instant now = *parse_rfc3339("2026-11-24T12:00:00Z");
const AdminAct act{"root", "a test", now};

Draft draft(std::vector<std::pair<std::string, std::string>> fields, std::uint32_t line = 0) {
  Draft out;
  out.line = line;
  for (auto& [name, value] : fields) {
    Field* field = nullptr;
    for (Field& one : out.fields) {
      if (one.name == name && (name == "verify_names" || name == "source")) field = &one;
    }
    if (field != nullptr) {
      field->values.push_back(value);
    } else {
      out.fields.push_back({name, {value}, line == 0 ? 0 : ++line});
    }
  }
  return out;
}

Connector rule(std::vector<std::pair<std::string, std::string>> fields, std::uint32_t place = 1) {
  Draft written = draft(std::move(fields));
  if (written.find("reason") == nullptr) written.set({"reason", {"a test"}, 0});
  auto read = read_draft(written, "root", now);
  EXPECT_TRUE(read.has_value()) << read.error().what;
  Connector out = *std::move(read);
  out.place = place;
  return out;
}

std::string fault(std::vector<std::pair<std::string, std::string>> fields, std::uint32_t line = 0) {
  const auto read = read_draft(draft(std::move(fields), line), "root", now);
  return read ? "" : read.error().what;
}

MailDomain domain(const char* text) { return *DomainName::parse(text); }

std::string decided(const std::vector<StoredConnector>& own, const std::vector<StoredConnector>& for_all, const char* to) {
  const Decision decision = decide({}, own, for_all, domain(to), now);
  if (decision.broken != nullptr) return "broken " + decision.broken->id;
  return decision.rule == nullptr ? "none" : decision.rule->id.to_string();
}

TEST(RecipientPattern, matches_and_covers) {
  const auto pattern = [](const char* text) { return *RecipientPattern::parse(text); };
  EXPECT_TRUE(pattern("Example.COM.").matches(domain("example.com")));
  EXPECT_FALSE(pattern("example.com").matches(domain("a.example.com")));
  EXPECT_TRUE(pattern("*.example.com").matches(domain("a.b.example.com")));
  EXPECT_FALSE(pattern("*.example.com").matches(domain("example.com")));
  EXPECT_FALSE(pattern("*.example.com").matches(domain("badexample.com")));
  EXPECT_TRUE(pattern("*").matches(domain("example.com")));
  EXPECT_TRUE(pattern("*").matches(*IpAddress::parse("192.0.2.1")));
  EXPECT_FALSE(pattern("*.example.com").matches(*IpAddress::parse("192.0.2.1")));
  EXPECT_TRUE(pattern("*.com").covers(pattern("*.example.com")));
  EXPECT_TRUE(pattern("*.com").covers(pattern("example.com")));
  EXPECT_FALSE(pattern("*.example.com").covers(pattern("example.com")));
  EXPECT_FALSE(pattern("example.com").covers(pattern("*.example.com")));
  EXPECT_TRUE(pattern("*").covers(pattern("*")));
  EXPECT_FALSE(pattern("*.com").covers(pattern("*")));
  for (const char* text : {"*", "*.example.com", "example.com"}) EXPECT_EQ(pattern(text).to_string(), text);
  std::string wider;
  for (const RecipientPattern& one : pattern("a.example.com").covering()) wider += one.to_string() + " ";
  EXPECT_EQ(wider, "a.example.com *.example.com *.com * ");
  for (const char* text : {"*", "*.example.com", "example.com", "com"}) {
    for (const RecipientPattern& one : pattern(text).covering()) EXPECT_TRUE(one.covers(pattern(text))) << one.to_string() << " " << text;
  }
}

TEST(RecipientPattern, what_names_no_domain_is_refused) {
  for (const char* text : {"", ".", "*.", "*.*.com", "a.*.com", "ex*.com", "user@example.com", "192.0.2.1", "*.192.0.2.1", "[192.0.2.1]", "::1",
                           "exa mple.com", "b\xc3\xbc" "cher.example", "example..com"}) {
    EXPECT_FALSE(RecipientPattern::parse(text).has_value()) << text;
  }
}

TEST(Decide, the_tenants_own_first_each_in_order) {
  const std::vector<StoredConnector> own{rule({{"id", "a"}, {"tenant", "contoso"}, {"pattern", "bank.example"}, {"dane", "mandatory"}}, 1),
                                         rule({{"id", "b"}, {"tenant", "contoso"}, {"pattern", "*.example"}}, 2)};
  const std::vector<StoredConnector> all{rule({{"id", "c"}, {"pattern", "bank.example"}, {"dane", "none"}}, 1), rule({{"id", "d"}, {"pattern", "*"}}, 2)};
  EXPECT_EQ(decided(own, all, "bank.example"), "a");
  EXPECT_EQ(decided(own, all, "x.example"), "b");
  EXPECT_EQ(decided(own, all, "x.test"), "d");
  EXPECT_EQ(decided({}, all, "bank.example"), "c");
  EXPECT_EQ(decided(own, {}, "x.test"), "none");
}

TEST(Decide, an_expired_rule_ends_and_says_so) {
  Connector ended = rule({{"id", "a"}, {"pattern", "bank.example"}, {"dane", "mandatory"}});
  ended.expires = now;  // from the instant itself on
  const std::vector<StoredConnector> all{ended, rule({{"id", "b"}, {"pattern", "*"}, {"tls", "require"}}, 2)};
  const Decision decision = decide({}, {}, all, domain("bank.example"), now);
  ASSERT_NE(decision.rule, nullptr);
  EXPECT_EQ(decision.rule->id.to_string(), "b");
  const auto findings = findings_of(decision);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "connector.expired");
  EXPECT_NE(findings[0].evidence.find("2026-11-24T12:00:00Z"), std::string::npos) << findings[0].evidence;
  EXPECT_EQ(decide({}, {}, all, domain("bank.example"), now - Duration(1)).rule->id.to_string(), "a");
}

TEST(Decide, a_rule_that_cannot_be_read_makes_what_it_may_cover_wait) {
  const BrokenConnector known{"old", ConnectorOwner{}, 1, *RecipientPattern::parse("*.example"), "dane: 'strictest' is no word"};
  const BrokenConnector blank{"lost", std::nullopt, 1, std::nullopt, "owner: '' is no tenant"};
  const std::vector<StoredConnector> all{known, rule({{"id", "b"}, {"pattern", "*"}}, 2)};
  EXPECT_EQ(decided({}, all, "bank.example"), "broken old");
  EXPECT_EQ(decided({}, all, "bank.test"), "b");
  const std::vector<StoredConnector> adrift{blank};
  const Decision lost = decide(adrift, {}, all, domain("bank.test"), now);
  ASSERT_NE(lost.broken, nullptr);
  const DeliveryTerms terms = terms_of(lost);
  ASSERT_TRUE(terms.fault.has_value());
  EXPECT_EQ(terms.fault->kind, FaultKind::ours) << "it must not count toward the message's limit";
  EXPECT_EQ(terms.fault->code.to_string(), "4.3.5");
  EXPECT_NE(terms.fault->sentence.find("lost"), std::string::npos);
  EXPECT_EQ(findings_of(lost)[0].severity, Severity::error);
  // A sound rule that stands before it decides all the same.
  const std::vector<StoredConnector> own{rule({{"id", "mine"}, {"tenant", "contoso"}, {"pattern", "bank.example"}})};
  EXPECT_EQ(decided(own, all, "bank.example"), "mine");
}

TEST(Decide, terms_are_the_rules) {
  const Connector made = rule({{"id", "a"}, {"tenant", "contoso"}, {"pattern", "bank.example"}, {"dane", "audit"}, {"mta_sts", "none"}, {"tls", "verify"},
                               {"verify_names", "mx.bank.example"}, {"route", "[relay.example.net]:587"}, {"source", "192.0.2.7"}, {"source", "2001:db8::7"}});
  const std::vector<StoredConnector> own{made};
  const DeliveryTerms terms = terms_of(decide({}, own, {}, domain("bank.example"), now));
  EXPECT_EQ(terms.demands.dane, DaneMode::audit);
  EXPECT_EQ(terms.demands.mta_sts, StsMode::none);
  EXPECT_EQ(terms.demands.tls, TlsMode::verify);
  EXPECT_EQ(terms.demands.verify_names.at(0).to_string(), "mx.bank.example");
  EXPECT_EQ(terms.smart_host->to_string(), "[relay.example.net]:587");
  EXPECT_EQ(terms.source.size(), 2U);
  EXPECT_EQ(terms.rule->id.to_string(), "a");
  EXPECT_EQ(terms.demands.require_tls, RequireTls::no) << "that is the message's own";
}

TEST(Draft, reads_back_as_itself) {
  const Connector made = rule({{"id", "a"}, {"tenant", "contoso"}, {"pattern", "*.bank.example"}, {"dane", "mandatory"}, {"mta_sts", "audit"},
                               {"tls", "verify"}, {"verify_names", "a.example"}, {"verify_names", "b.example"},
                               {"route", "relay.example.net:26"}, {"source", "192.0.2.7"},
                               {"reason", "a \"contract\""}, {"expires", "2026-12-31"}});
  auto again = read_draft(draft_of(made), "root", now);
  ASSERT_TRUE(again.has_value()) << again.error().what;
  again->place = made.place;
  EXPECT_EQ(*again, made);
  EXPECT_EQ(terms_text(made), "dane mandatory, mta_sts audit, tls verify a.example b.example, route relay.example.net:26, source 192.0.2.7");
}

TEST(Draft, errors_name_field_and_line) {
  EXPECT_EQ(fault({{"id", "a"}, {"pattern", "x.example"}, {"dane", "madatory"}, {"reason", "r"}}, 10),
            "line 13: connector a: dane: 'madatory' is none of opportunistic, mandatory, none, audit");
  EXPECT_EQ(fault({{"pattern", "x.example"}, {"reason", "r"}}, 10), "line 10: id: it is missing; give the connector a name");
  EXPECT_EQ(fault({{"id", "a"}, {"reason", "r"}}, 10), "line 10: connector a: pattern: it is missing");
  EXPECT_EQ(fault({{"id", "a"}, {"pattern", "x.example"}}), "connector a: reason: it is missing");
  EXPECT_NE(fault({{"id", "a"}, {"pattern", "x.example"}, {"reason", "r"}, {"colour", "red"}}).find("colour: a connector has no such field; there are id,"),
            std::string::npos);
  EXPECT_NE(fault({{"id", "a"}, {"pattern", "x.example"}, {"reason", "r"}, {"dane", "none"}, {"dane", "audit"}}).find("given twice"), std::string::npos);
  for (const auto& [field, value] : std::vector<std::pair<std::string, std::string>>{
           {"id", "not a name"}, {"tenant", "No Tenant"}, {"pattern", "a@b"}, {"mta_sts", "testing"}, {"tls", "verified"}, {"route", "192.0.2.1"},
           {"route", "lmtp:127.0.0.1:24"}, {"route", "[x.example]:0"}, {"source", "eth0"}, {"reason", ""}, {"reason", "two\nlines"}, {"expires", "tomorrow"},
           {"expires", "2026-13-01"}, {"verify_names", "192.0.2.1"}, {"verify_names", "*.x.example"}}) {
    std::vector<std::pair<std::string, std::string>> fields{{"id", "a"}, {"pattern", "x.example"}, {"reason", "r"}};
    std::erase_if(fields, [&](const auto& one) { return one.first == field; });
    fields.emplace_back(field, value);
    EXPECT_NE(fault(fields).find(field + ": "), std::string::npos) << field << " " << value << ": " << fault(fields);
  }
}

TEST(Draft, contradictions_are_refused) {
  const auto with = [](std::vector<std::pair<std::string, std::string>> more) {
    more.insert(more.begin(), {{"id", "a"}, {"pattern", "x.example"}, {"reason", "r"}});
    return fault(more);
  };
  EXPECT_NE(with({{"route", "[192.0.2.1]"}, {"dane", "mandatory"}}).find("dane: mandatory can never be met at the address 192.0.2.1"), std::string::npos);
  EXPECT_NE(with({{"route", "[192.0.2.1]"}, {"mta_sts", "mandatory"}}).find("mta_sts: "), std::string::npos);
  EXPECT_NE(with({{"route", "[192.0.2.1]"}, {"tls", "verify"}}).find("verify_names: the address 192.0.2.1 has no name"), std::string::npos);
  EXPECT_NE(with({{"verify_names", "mx.x.example"}}).find("unless tls is verify"), std::string::npos);
  EXPECT_NE(with({{"source", "192.0.2.1"}, {"source", "192.0.2.2"}}).find("one family"), std::string::npos);
  EXPECT_EQ(with({{"route", "[192.0.2.1]"}, {"tls", "verify"}, {"verify_names", "mx.x.example"}}), "");
  EXPECT_EQ(with({{"dane", "mandatory"}, {"tls", "opportunistic"}}), "");
  EXPECT_EQ(with({{"route", "[relay.example]:587"}, {"dane", "mandatory"}}), "");
}

// -- edits ---------------------------------------------------------------------------------------------------------

Rules applied(Rules rules, const ConnectorEdit& edit) {
  for (const std::string& id : edit.removed) std::erase_if(rules, [&](const auto& one) { return id_of(one) == id; });
  for (const Connector& put : edit.put) {
    std::erase_if(rules, [&](const auto& one) { return id_of(one) == put.id.to_string(); });
    rules.emplace_back(put);
  }
  const auto order = [](const StoredConnector& one) {
    const auto* sound = std::get_if<Connector>(&one);
    return sound != nullptr ? std::tuple(types::to_string(sound->owner), sound->place) : std::tuple(std::string("*"), std::get<BrokenConnector>(one).place);
  };
  std::stable_sort(rules.begin(), rules.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  return rules;
}

std::string names(const Rules& rules) {
  std::string out;
  for (const auto& one : rules) out += (out.empty() ? "" : " ") + id_of(one);
  return out;
}

Rules with(Rules rules, std::vector<std::pair<std::string, std::string>> fields, Position at = {}) {
  fields.emplace_back("reason", "a test");
  const auto edit = add(rules, draft(std::move(fields)), at, act);
  EXPECT_TRUE(edit.has_value()) << edit.error().what;
  return edit ? applied(std::move(rules), *edit) : rules;
}

TEST(Edit, order_is_what_was_asked_for) {
  Rules rules = with({}, {{"id", "a"}, {"pattern", "a.example"}});
  rules = with(rules, {{"id", "b"}, {"pattern", "b.example"}});
  rules = with(rules, {{"id", "c"}, {"pattern", "c.example"}}, {Position::Kind::first, ""});
  rules = with(rules, {{"id", "d"}, {"pattern", "d.example"}}, {Position::Kind::before, "b"});
  EXPECT_EQ(names(rules), "c a d b");
  const auto moved = move(rules, "b", {Position::Kind::before, "a"}, act);
  ASSERT_TRUE(moved.has_value());
  ASSERT_EQ(moved->notes.size(), 1U);
  EXPECT_EQ(moved->notes[0].action, "connector.move");
  rules = applied(rules, *moved);
  EXPECT_EQ(names(rules), "c b a d");
  const auto removed = remove(rules, "b");
  rules = applied(rules, *removed);
  EXPECT_EQ(names(rules), "c a d");
  EXPECT_EQ(std::get<Connector>(rules[2]).place, 3U);
  EXPECT_EQ(remove(rules, "b").error().kind, ErrorKind::not_found);
  EXPECT_EQ(move(rules, "a", {Position::Kind::before, "nobody"}, act).error().kind, ErrorKind::not_found);
}

TEST(Edit, a_rule_that_would_never_decide_is_refused) {
  const Rules rules = with({}, {{"id", "all"}, {"pattern", "*"}});
  const auto hidden = add(rules, draft({{"id", "x"}, {"pattern", "x.example"}, {"reason", "r"}}, 20), {}, act);
  ASSERT_FALSE(hidden.has_value());
  EXPECT_EQ(hidden.error().kind, ErrorKind::conflict);
  EXPECT_EQ(hidden.error().what, "line 22: connector x: pattern: x.example would never decide: connector all stands before it and is for *;"
                                 " put it first, or leave it out");
  EXPECT_TRUE(add(rules, draft({{"id", "x"}, {"pattern", "x.example"}, {"reason", "r"}}), {Position::Kind::first, ""}, act).has_value());
  // One that ends earlier gives way to it; one that belongs to a tenant is another list.
  const Rules until = with({}, {{"id", "all"}, {"pattern", "*"}, {"expires", "2026-12-01"}});
  EXPECT_TRUE(add(until, draft({{"id", "x"}, {"pattern", "x.example"}, {"reason", "r"}}), {}, act).has_value());
  EXPECT_FALSE(add(until, draft({{"id", "x"}, {"pattern", "x.example"}, {"reason", "r"}, {"expires", "2026-11-30"}}), {}, act).has_value());
  EXPECT_TRUE(add(rules, draft({{"id", "x"}, {"tenant", "contoso"}, {"pattern", "x.example"}, {"reason", "r"}}), {}, act).has_value());
  // Of two of one pattern, the one that lives longer hides.
  Rules thrice = with({}, {{"id", "b"}, {"pattern", "x.example"}, {"expires", "2026-12-01"}});
  thrice = with(thrice, {{"id", "c"}, {"pattern", "x.example"}, {"expires", "2027-01-01"}});
  EXPECT_FALSE(add(thrice, draft({{"id", "d"}, {"pattern", "x.example"}, {"reason", "r"}, {"expires", "2026-12-24"}}), {}, act).has_value());
  EXPECT_TRUE(add(thrice, draft({{"id", "d"}, {"pattern", "x.example"}, {"reason", "r"}}), {}, act).has_value());
  const Rules two = with(with({}, {{"id", "x"}, {"pattern", "x.example"}}), {{"id", "all"}, {"pattern", "*"}});
  EXPECT_EQ(move(two, "x", {}, act).error().kind, ErrorKind::conflict);
}

TEST(Edit, a_dead_exception_is_refused) {
  const auto dead = add({}, draft({{"id", "x"}, {"pattern", "x.example"}, {"reason", "r"}, {"expires", "2026-11-24"}}, 3), {}, act);
  ASSERT_FALSE(dead.has_value());
  EXPECT_EQ(dead.error().what, "line 7: connector x: expires: it has expired at 2026-11-24T00:00:00Z and would decide nothing");
}

TEST(Edit, set_changes_what_it_names) {
  const Rules rules = with({}, {{"id", "a"}, {"pattern", "a.example"}, {"dane", "none"}, {"expires", "2027-01-01"}});
  const AdminAct later{"jo", "it is mended", now + std::chrono::hours(1)};
  const auto edit = set(rules, "a", {{"dane", {"mandatory"}, 0}, {"expires", {"never"}, 0}}, later);
  ASSERT_TRUE(edit.has_value()) << edit.error().what;
  ASSERT_EQ(edit->put.size(), 1U);
  EXPECT_EQ(edit->put[0].dane, DaneMode::mandatory);
  EXPECT_EQ(edit->put[0].author, "jo");
  EXPECT_EQ(edit->put[0].created, now);
  EXPECT_FALSE(edit->put[0].expires.has_value());
  EXPECT_EQ(edit->notes.at(0).action, "connector.set");
  EXPECT_NE(edit->notes[0].detail.find(R"("was":{"id":"a","pattern":"a.example","dane":"none")"), std::string::npos) << edit->notes[0].detail;
  EXPECT_TRUE(set(rules, "a", {{"dane", {"none"}, 0}}, later)->put.empty()) << "nothing changed, nothing is written";
  EXPECT_EQ(set(rules, "a", {{"tenant", {"contoso"}, 0}}, later).error().kind, ErrorKind::malformed);
  EXPECT_EQ(set(rules, "b", {}, later).error().kind, ErrorKind::not_found);
}

TEST(Edit, a_broken_rule_is_set_anew_or_removed) {
  const Rules rules{BrokenConnector{"old", ConnectorOwner{}, 1, *RecipientPattern::parse("x.example"), "dane: ''"},
                    rule({{"id", "b"}, {"pattern", "b.example"}}, 2)};
  const auto mended = set(rules, "old", {{"dane", {"mandatory"}, 0}, {"reason", {"as it was"}, 0}}, act);
  ASSERT_TRUE(mended.has_value()) << mended.error().what;
  EXPECT_EQ(names(applied(rules, *mended)), "old b");
  EXPECT_EQ(decided({}, applied(rules, *mended), "x.example"), "old");
  EXPECT_EQ(remove(rules, "old")->removed, std::vector<std::string>{"old"});
}

TEST(Edit, import_replaces_all_or_one_owners) {
  Rules rules = with(with({}, {{"id", "a"}, {"pattern", "a.example"}}), {{"id", "t"}, {"tenant", "contoso"}, {"pattern", "t.example"}});
  Connector old = rule({{"id", "old"}, {"pattern", "old.example"}}, 2);
  old.expires = now - std::chrono::hours(1);
  rules = applied(rules, {{old}, {}, {}});
  Draft same_old = draft_of(old);
  const std::vector<Draft> drafts{draft({{"id", "n"}, {"pattern", "n.example"}, {"reason", "r"}}), draft_of(std::get<Connector>(rules[0])), same_old};
  const auto all = replace(rules, std::nullopt, drafts, act);
  ASSERT_TRUE(all.has_value()) << all.error().what;
  EXPECT_EQ(names(applied(rules, *all)), "n a old");
  EXPECT_EQ(all->removed, std::vector<std::string>{"t"});
  ASSERT_EQ(all->notes.size(), 2U) << "t gone, n new; a and old only made room";
  const auto one = replace(rules, ConnectorOwner{}, drafts, act);
  ASSERT_TRUE(one.has_value()) << one.error().what;
  EXPECT_EQ(names(applied(rules, *one)), "n a old t");
  same_old.set({"dane", {"none"}, 0});
  EXPECT_FALSE(replace(rules, std::nullopt, {same_old}, act).has_value()) << "expired, and not as it was";
  const auto twice = replace(rules, std::nullopt, {drafts[0], drafts[0]}, act);
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().kind, ErrorKind::conflict);
  const auto foreign = replace(rules, ConnectorOwner{}, {draft({{"id", "q"}, {"tenant", "contoso"}, {"pattern", "q.example"}, {"reason", "r"}}, 5)}, act);
  ASSERT_FALSE(foreign.has_value());
  EXPECT_NE(foreign.error().what.find("line 7: connector q: tenant: "), std::string::npos) << foreign.error().what;
  // An import that only turns the order round is told of too.
  const Rules two = with(with({}, {{"id", "a"}, {"pattern", "a.example"}}), {{"id", "b"}, {"pattern", "b.example"}});
  const auto turned = replace(two, std::nullopt, {draft_of(std::get<Connector>(two[1])), draft_of(std::get<Connector>(two[0]))}, act);
  EXPECT_EQ(turned->notes.at(0).action, "connector.move");
}

TEST(Examine, tells_what_does_not_do_what_it_seems_to) {
  Connector gone = rule({{"id", "gone"}, {"pattern", "gone.example"}}, 1);
  gone.expires = now;
  const Rules rules{rule({{"id", "strict"}, {"pattern", "*.example"}, {"dane", "mandatory"}}, 1), gone, rule({{"id", "all"}, {"pattern", "*"}}, 2),
                    rule({{"id", "late"}, {"pattern", "late.test"}}, 3),
                    rule({{"id", "mine"}, {"tenant", "contoso"}, {"pattern", "x.example"}, {"tls", "require"}}, 1),
                    BrokenConnector{"bad", ConnectorOwner{}, 9, std::nullopt, "tls: ''"}};
  std::string codes;
  for (const Finding& finding : examine(rules, now)) codes += finding.code + " " + finding.subject + "\n";
  EXPECT_EQ(codes, "connector.expired gone\nconnector.unreadable bad\nconnector.hidden late\nconnector.loosens mine\n");
}

// A change is checked on the store's writing thread, which must not be held up by a large file.
TEST(Edit, ten_thousand_rules_are_read_and_checked_by_look_up) {
  std::vector<Draft> drafts;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    drafts.push_back(draft({{"id", "r" + n}, {"pattern", "d" + n + ".example"}, {"reason", "r"}}));
  }
  const auto edit = replace({}, std::nullopt, drafts, act);
  ASSERT_TRUE(edit.has_value()) << edit.error().what;
  const Rules rules = applied({}, ConnectorEdit{{edit->put.front()}, {}, {}});
  EXPECT_EQ(names(rules), "r0");
  EXPECT_EQ(edit->put.size(), 10'000U);
  EXPECT_EQ(edit->put.back().place, 10'000U);
}

}  // namespace
}  // namespace danewerk::connector
