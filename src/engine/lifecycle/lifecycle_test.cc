#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "engine/lifecycle/finding_kinds.h"
#include "engine/lifecycle/note.h"
#include "engine/lifecycle/own_change.h"
#include "engine/lifecycle/status.h"
#include "engine/lifecycle/wishes.h"

namespace danewerk::lifecycle {
namespace {

using namespace std::chrono_literals;
using types::DnssecStatus;
using types::DomainName;
using types::LookupErrorKind;
using types::RecordType;

const Instant start = *parse_rfc3339("2026-11-27T12:00:00Z");

DomainName name(const std::string& text) { return *DomainName::parse(text); }

const Expectation expected{name("contoso.com"), name("contoso-com.s1.mx.example"), {*types::IpAddress::parse("192.0.2.1"),
    *types::IpAddress::parse("2001:db8::1")}};

const types::TlsaRecord record = *types::TlsaRecord::parse("3 1 1 " + std::string(64, 'a'));

/// A written world: what a stranger sees, and what stands behind our addresses.
struct World {
  types::DomainFacts facts;
  types::DomainSight sight{expected.domain, start, {}, {}};
  types::ProbeSight probe{expected.host, start, {}};
  types::ControlToken fresh{42};  ///< what a quarantine that begins takes
  Instant now = start;

  World() {
    facts.token = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    answer(expected.domain, RecordType::mx, {mx(10, "mail.old.example")});
    answer(control_owner(expected.domain), RecordType::txt, {});
    answer(name("_smtp._tls.contoso.com"), RecordType::txt, {types::TxtRecord{{"v=TLSRPTv1; rua=mailto:", "x@contoso.com"}}});
    answer(name("mail.old.example"), RecordType::a, {*types::IpAddress::parse("198.51.100.9")});
    answer(expected.host, RecordType::a, {expected.addresses[0]});
    answer(expected.host, RecordType::aaaa, {expected.addresses[1]});
    answer(expected.host.prefixed("_25._tcp"), RecordType::tlsa, {record});
    sight.sts = types::StsFact{};
    probe_all(true);
  }
  static types::MxRecord mx(std::uint16_t preference, const std::string& host) {
    auto parsed = DomainName::parse(host);
    return {preference, parsed ? std::optional(*parsed) : std::nullopt, host};
  }
  void answer(const DomainName& owner, RecordType type, std::vector<types::RecordData> records, DnssecStatus status = DnssecStatus::secure,
      Ttl ttl = Ttl{3600}) {
    const types::DnsQuestion question{owner, type};
    types::DnsAnswer said{question, records.empty() ? types::Existence::no_data : types::Existence::records, {}, std::move(records)};
    sight.lookups.insert_or_assign(question, types::Secured<types::DnsAnswer>{std::move(said), status, ttl, now, {}});
  }
  void fails(const DomainName& owner, RecordType type, LookupErrorKind kind, std::vector<types::ExtendedError> errors = {}) {
    sight.lookups.insert_or_assign(types::DnsQuestion{owner, type}, Failure{types::LookupError{kind, "SERVFAIL", now, std::move(errors)}});
  }
  void mx_is(std::vector<types::RecordData> records, DnssecStatus status = DnssecStatus::secure) { answer(expected.domain, RecordType::mx,
      std::move(records), status); }
  void token_is_there() { answer(control_owner(expected.domain), RecordType::txt, {types::TxtRecord{{control_text(facts.token)}}}); }
  void probe_all(bool matched) {
    probe.probes.clear();
    for (const auto& address : expected.addresses) {
      for (const auto algorithm : {types::ProbeAlgorithm::ecdsa, types::ProbeAlgorithm::rsa}) {
        types::Probe one;
        one.address = address;
        one.algorithm = algorithm;
        one.end = types::ProbeEnd::shook_hands;
        one.chain.resize(1);
        one.chain[0].not_after = start + 24h * 90;
        one.verdict = types::Verdict{};
        if (matched) one.verdict->kind = types::VerdictKind::matched;
        probe.probes.push_back(std::move(one));
      }
    }
  }
  void look() { facts = note(facts, sight, &probe, expected, {}, fresh, now); }
  DomainStatus stands() { return status(facts, sight, &probe, expected, {}, now); }
  Result<void> asked(Ask what) {
    auto after = ask(what, facts, view_mx(expected, sight), expected, now);
    if (!after) return Failure{after.error()};
    facts = *after;
    return {};
  }
  /// All the way.
  void healthy() {
    token_is_there();
    look();
    ASSERT_TRUE(asked(Ask::enable_dnssec).has_value());
    ASSERT_TRUE(asked(Ask::enable_dane).has_value());
    mx_is({mx(0, "contoso-com.s1.mx.example")});
    look();
    ASSERT_EQ(stands().standing, Standing::healthy);
  }
  /// MX and token.
  void left() {
    mx_is({mx(0, "mail.old.example")});
    answer(control_owner(expected.domain), RecordType::txt, {});
    look();
  }
  void quarantined() {
    healthy();
    left();
    now += 72h;
    look();
    ASSERT_EQ(facts.quarantined, types::MaybeInstant(now));
    ASSERT_EQ(facts.token, fresh);
  }
};

const Check& check(const DomainStatus& status, CheckName wanted) {
  for (const Check& one : status.checks) {
    if (one.name == wanted) return one;
  }
  ADD_FAILURE() << "no such check";
  return status.checks.front();
}

TEST(Lifecycle, a_domain_goes_all_the_way_and_back) {
  World world;
  world.look();
  EXPECT_EQ(world.stands().standing, Standing::unverified);
  EXPECT_EQ(world.stands().next.publish, std::vector<std::string>{"_danewerk-challenge.contoso.com. 3600 IN TXT \"" + control_text(world.facts.token)
      + "\""});
  EXPECT_EQ(world.asked(Ask::enable_dnssec).error().kind, ErrorKind::refused);

  world.token_is_there();
  world.look();
  EXPECT_EQ(world.facts.proof, types::ControlProof::txt_record);
  EXPECT_EQ(world.stands().standing, Standing::prepared);
  const auto early = world.asked(Ask::enable_dane);
  ASSERT_FALSE(early.has_value());
  EXPECT_NE(early.error().what.find("first: danewerk domain enable-dnssec contoso.com"), std::string::npos);

  ASSERT_TRUE(world.asked(Ask::enable_dnssec).has_value());
  EXPECT_EQ(world.stands().standing, Standing::awaiting_mx);
  EXPECT_EQ(world.stands().next.name, StepName::lower_ttl) << "the TTL seen is an hour";
  world.answer(expected.domain, RecordType::mx, {World::mx(10, "mail.old.example")}, DnssecStatus::secure, Ttl{60});
  EXPECT_EQ(world.stands().next.name, StepName::add_mx);

  world.mx_is({World::mx(10, "mail.old.example"), World::mx(20, "contoso-com.s1.mx.example")});
  world.look();
  EXPECT_EQ(world.stands().standing, Standing::moving);
  EXPECT_EQ(world.stands().next.name, StepName::prefer_mx);
  world.mx_is({World::mx(30, "mail.old.example"), World::mx(20, "contoso-com.s1.mx.example")});
  world.look();
  EXPECT_EQ(world.stands().standing, Standing::moved) << "the order counts, not the number";
  EXPECT_EQ(world.stands().next.name, StepName::enable_dane);

  ASSERT_TRUE(world.asked(Ask::enable_dane).has_value());
  EXPECT_EQ(world.stands().dane, FeatureState::pending);
  world.now += 10min;
  world.look();
  EXPECT_EQ(world.stands().dane, FeatureState::enabled);
  EXPECT_EQ(world.stands().next.name, StepName::remove_others);
  EXPECT_EQ(*world.stands().next.when, start + 1h) << "the longest TTL seen, from when ours was seen";
  world.mx_is({World::mx(20, "contoso-com.s1.mx.example")});
  world.look();
  EXPECT_EQ(world.stands().standing, Standing::healthy);
  EXPECT_FALSE(world.stands().has(types::Severity::warning));

  EXPECT_FALSE(world.asked(Ask::disable_dnssec).has_value()) << "DANE is on";
  ASSERT_TRUE(world.asked(Ask::disable_dane).has_value());
  EXPECT_TRUE(types::stops_wildcard(world.facts));
  const auto named = world.asked(Ask::disable_dnssec);
  ASSERT_FALSE(named.has_value()) << "the MX still names our host";
  world.mx_is({World::mx(10, "mail.old.example")});
  ASSERT_TRUE(world.asked(Ask::disable_dnssec).has_value());
  EXPECT_EQ(types::host_wish(world.facts), types::HostWish::absent);
}

TEST(Lifecycle, the_mx_alone_proves_control_for_it_holds_a_name_made_for_this_domain) {
  World world;
  world.mx_is({World::mx(0, "contoso-com.s1.mx.example")});
  world.look();
  EXPECT_EQ(world.facts.proof, types::ControlProof::mx_here);
  World alias;
  alias.mx_is({World::mx(0, "mail.contoso.com")});
  alias.answer(name("mail.contoso.com"), RecordType::a, {expected.addresses[0]});
  alias.look();
  EXPECT_FALSE(alias.facts.verified) << "anybody's MX may hold our address";
}

struct Fault {
  const char* what;
  std::function<void(World&)> happens;
  std::string_view code;
  types::Party whose;
  CheckName check;
};

const std::vector<Fault> faults{
    {"unsigned zone", [](World& w) { w.mx_is({World::mx(0, "contoso-com.s1.mx.example")}, DnssecStatus::insecure); }, "zone.unsigned",
        types::Party::owner, CheckName::dnssec},
    {"bogus zone", [](World& w) { w.fails(expected.domain, RecordType::mx, LookupErrorKind::bogus, {{7, "signature expired"}}); }, "zone.bogus",
        types::Party::dns_host, CheckName::dnssec},
    {"silent servers", [](World& w) { w.fails(expected.domain, RecordType::mx, LookupErrorKind::timeout); }, "zone.unanswered",
        types::Party::dns_host, CheckName::dnssec},
    {"our resolver", [](World& w) { w.fails(expected.domain, RecordType::mx, LookupErrorKind::resolver_unfit); }, "resolver.unfit", types::Party::us,
        CheckName::dnssec},
    {"no MX", [](World& w) { w.mx_is({}); }, "mx.missing", types::Party::owner, CheckName::mx},
    {"null MX", [](World& w) { w.mx_is({World::mx(0, ".")}); }, "mx.null", types::Party::owner, CheckName::mx},
    {"gone", [](World& w) { w.mx_is({World::mx(0, "mail.old.example")}); }, "mx.elsewhere", types::Party::owner, CheckName::mx},
    {"equal", [](World& w) { w.mx_is({World::mx(5, "mail.old.example"), World::mx(5, "contoso-com.s1.mx.example")}); }, "mx.not-first",
        types::Party::owner, CheckName::mx},
    {"fallback", [](World& w) { w.mx_is({World::mx(99, "mail.old.example"), World::mx(5, "contoso-com.s1.mx.example")}); }, "mx.fallback",
        types::Party::owner, CheckName::mx},
    {"alias",
     [](World& w) {
       w.mx_is({World::mx(0, "mail.contoso.com")});
       w.answer(name("mail.contoso.com"), RecordType::a, {expected.addresses[0]});
     },
     "mx.alias", types::Party::owner, CheckName::mx},
    {"an address", [](World& w) { w.mx_is({World::mx(5, "contoso-com.s1.mx.example"), World::mx(10, "not a host")}); }, "mx.unreadable",
        types::Party::owner, CheckName::mx},
    {"no address", [](World& w) { w.answer(expected.host, RecordType::aaaa, {}); }, "host.missing", types::Party::us, CheckName::host},
    {"no DS for our zone", [](World& w) { w.answer(expected.host, RecordType::a, {expected.addresses[0]}, DnssecStatus::insecure); }, "host.insecure",
        types::Party::us, CheckName::host},
    {"our zone bogus", [](World& w) { w.fails(expected.host, RecordType::a, LookupErrorKind::bogus); }, "host.bogus", types::Party::us, CheckName::host},
    {"no TLSA", [](World& w) { w.answer(expected.host.prefixed("_25._tcp"), RecordType::tlsa, {}); }, "tlsa.missing", types::Party::us, CheckName::tlsa},
    {"wrong TLSA", [](World& w) { w.probe_all(false); }, "tlsa.mismatch", types::Party::us, CheckName::tlsa},
    {"one chain of four wrong", [](World& w) { w.probe.probes.back().verdict->kind = types::VerdictKind::not_matched; }, "tlsa.mismatch",
        types::Party::us, CheckName::tlsa},
    {"stripped", [](World& w) { w.probe.probes[0].end = types::ProbeEnd::no_starttls; }, "probe.no-starttls", types::Party::us, CheckName::tlsa},
    {"down",
     [](World& w) {
       w.probe.probes[0].end = types::ProbeEnd::not_connected;
       w.probe.probes[0].detail = "connection refused";
     }, "probe.unreachable", types::Party::us, CheckName::tlsa},
    {"expired", [](World& w) { w.probe.probes[0].chain[0].not_after = start - 1h; }, "certificate.expired", types::Party::us, CheckName::certificate},
    {"expiring", [](World& w) { w.probe.probes[0].chain[0].not_after = start + 24h; }, "certificate.expiring", types::Party::us, CheckName::certificate},
    {"policy without us",
     [](World& w) {
       types::StsInForce in_force{{types::StsPolicyMode::enforce, {*types::StsMxPattern::parse("mail.old.example")}, 86400s}, types::StsSource::live,
           "1", start, start + 24h};
       w.sight.sts->in_force = in_force;
     },
     "sts.host-not-named", types::Party::owner, CheckName::mta_sts},
    {"unreadable TLSRPT", [](World& w) { w.answer(name("_smtp._tls.contoso.com"), RecordType::txt, {types::TxtRecord{{"v=TLSRPTv1; ruf=x"}}}); },
        "tlsrpt.unreadable", types::Party::owner, CheckName::tls_rpt},
};

TEST(Lifecycle, each_fault_is_found_with_whose_it_is_and_what_to_do) {
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.what);
    World world;
    world.healthy();
    fault.happens(world);
    const DomainStatus status = world.stands();
    const types::Finding* found = status.find(fault.code);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->whose, fault.whose);
    EXPECT_FALSE(found->evidence.empty());
    EXPECT_FALSE(found->remedy.empty());
    const Check& in = check(status, fault.check);
    EXPECT_TRUE(std::any_of(in.findings.begin(), in.findings.end(), [&](const auto& one) { return one.code == fault.code; }));
    if (found->severity == types::Severity::error && fault.whose != types::Party::dns_host && in.state != CheckState::unknown) {
      const bool expected_so = fault.code == "mx.not-first" ? status.standing == Standing::moving : fault.code == "tlsa.missing"
          || status.standing == Standing::faulty;
      EXPECT_TRUE(expected_so) << to_string(status.standing);
    }
  }
}

TEST(Lifecycle, what_was_just_asked_for_is_not_missing_yet) {
  World world;
  world.token_is_there();
  world.look();
  world.mx_is({World::mx(0, "contoso-com.s1.mx.example")});
  ASSERT_TRUE(world.asked(Ask::enable_dnssec).has_value());
  ASSERT_TRUE(world.asked(Ask::enable_dane).has_value());
  world.answer(expected.host.prefixed("_25._tcp"), RecordType::tlsa, {});
  world.look();
  EXPECT_EQ(world.stands().find("tlsa.missing")->severity, types::Severity::notice);
  EXPECT_EQ(check(world.stands(), CheckName::tlsa).state, CheckState::noted);
  EXPECT_EQ(world.stands().standing, Standing::dane_pending);
  world.now += 1h;
  EXPECT_EQ(world.stands().find("tlsa.missing")->severity, types::Severity::error);
  EXPECT_EQ(world.stands().standing, Standing::faulty);
}

TEST(Lifecycle, doubt_changes_nothing) {
  World world;
  world.healthy();
  const types::DomainFacts before = world.facts;
  for (const auto kind : {LookupErrorKind::bogus, LookupErrorKind::timeout, LookupErrorKind::resolver_unfit}) {
    for (auto& [question, lookup] : world.sight.lookups) lookup = Failure{types::LookupError{kind, "no", world.now, {}}};
    for (auto& probe : world.probe.probes) probe.end = types::ProbeEnd::not_connected;
    world.now += 24h * 30;
    world.look();
    types::DomainFacts after = world.facts;
    after.looked = before.looked;
    EXPECT_EQ(after, before);
  }
}

TEST(Lifecycle, a_domain_that_left_is_deferred_and_then_removed) {
  World world;
  world.healthy();
  world.mx_is({World::mx(0, "mail.old.example")});
  world.look();
  world.now += 24h * 10;
  world.look();
  EXPECT_FALSE(world.facts.quarantined) << "the token still stands: it wants to be here";
  world.answer(control_owner(expected.domain), RecordType::txt, {});
  world.look();
  ASSERT_TRUE(world.facts.quarantined.has_value());
  EXPECT_FALSE(types::takes_mail(world.facts));
  EXPECT_EQ(world.stands().standing, Standing::quarantined);
  EXPECT_FALSE(is_over(world.facts, {}, world.now + 24h * 6));
  EXPECT_TRUE(is_over(world.facts, {}, world.now + 24h * 7));
}

TEST(Lifecycle, an_mx_that_comes_back_before_a_quarantine_was_never_away) {
  World world;
  world.healthy();
  const types::ControlToken token = world.facts.token;
  world.left();
  world.now += 71h;
  world.look();
  world.mx_is({World::mx(0, "contoso-com.s1.mx.example")});
  world.now += 24h;
  world.look();
  EXPECT_EQ(world.stands().standing, Standing::healthy);
  EXPECT_EQ(world.facts.token, token);
}

/// Decision 0088: the MX alone may be that of whoever has registered the name since, who is not this tenant.
TEST(Lifecycle, an_mx_that_leads_here_again_ends_no_quarantine) {
  World world;
  world.quarantined();
  const types::DomainFacts before = world.facts;
  world.now += 24h;
  world.mx_is({World::mx(0, "contoso-com.s1.mx.example")});
  world.look();
  EXPECT_FALSE(types::takes_mail(world.facts));
  EXPECT_EQ(world.facts.control_confirmed, before.control_confirmed) << "it proves nothing now";
  EXPECT_EQ(world.facts.token, before.token) << "one token for one quarantine";
  EXPECT_NE(world.stands().find("control.returned"), nullptr);
  EXPECT_NE(world.stands().find("control.quarantined"), nullptr) << "not over";
  EXPECT_EQ(world.stands().next.publish, std::vector<std::string>{control_record(expected.domain, world.fresh)});
  EXPECT_TRUE(is_in_motion(world.facts, world.now)) << "the record is awaited";
  EXPECT_EQ(world.asked(Ask::enable_dane).error().what, "domain contoso.com: " + out_of_quarantine(expected.domain));
  EXPECT_FALSE(is_over(world.facts, {}, world.now + 24h * 365)) << "somebody wants its mail here: a person decides";
  world.mx_is({World::mx(0, "mail.contoso.com")});
  world.answer(name("mail.contoso.com"), RecordType::a, {expected.addresses[0]});
  world.look();
  EXPECT_FALSE(types::takes_mail(world.facts)) << "nor does an alias";
  world.mx_is({World::mx(0, "mail.old.example")});
  world.look();
  EXPECT_EQ(world.stands().find("control.returned"), nullptr);
  EXPECT_FALSE(is_over(world.facts, {}, world.now + 24h * 6)) << "counted from when it left again";
  EXPECT_TRUE(is_over(world.facts, {}, world.now + 24h * 7));
}

TEST(Lifecycle, only_the_token_made_for_a_quarantine_ends_it) {
  for (const bool mx_here : {true, false}) {
    World world;
    world.quarantined();
    if (mx_here) world.mx_is({World::mx(0, "contoso-com.s1.mx.example")});
    world.answer(control_owner(expected.domain), RecordType::txt, {types::TxtRecord{{control_text(World{}.facts.token)}}});
    world.now += 1h;
    world.look();
    EXPECT_FALSE(types::takes_mail(world.facts)) << "the token of before, from an old copy of the zone";
    world.token_is_there();
    world.look();
    EXPECT_TRUE(types::takes_mail(world.facts));
    EXPECT_EQ(world.facts.verified, types::MaybeInstant(world.now));
    EXPECT_EQ(world.facts.proof, types::ControlProof::txt_record);
    EXPECT_EQ(world.stands().find("control.quarantined"), nullptr);
    if (mx_here) {
      EXPECT_EQ(world.stands().standing, Standing::healthy);
    }
    const types::ControlToken first = world.facts.token;
    world.fresh = {43};
    world.mx_is({World::mx(0, "mail.old.example")});
    world.look();
    world.answer(control_owner(expected.domain), RecordType::txt, {});
    world.now += 72h;
    world.look();
    ASSERT_TRUE(world.facts.quarantined.has_value());
    EXPECT_NE(world.facts.token, first) << "each quarantine has its own";
  }
}

/// Control is looked at again and again: the registration lapses, and later the name is somebody else's.
TEST(Lifecycle, a_name_that_lapsed_or_was_registered_anew_is_deferred) {
  World lapsed;
  lapsed.healthy();
  for (auto& [question, lookup] : lapsed.sight.lookups) {  // NXDOMAIN for all of it
    if (question.name.is_within(expected.domain)) lapsed.answer(question.name, question.type, {}, DnssecStatus::secure);
  }
  const types::MaybeInstant confirmed = lapsed.facts.control_confirmed;
  lapsed.now += 1h;
  lapsed.look();
  EXPECT_EQ(lapsed.facts.control_confirmed, confirmed) << "nothing confirms it any more";
  EXPECT_TRUE(types::takes_mail(lapsed.facts)) << "not at once: an expired name is mostly renewed";
  lapsed.mx_is({World::mx(10, "parking.example.net")}, DnssecStatus::insecure);  // the new owner
  lapsed.now += 72h;
  lapsed.look();
  EXPECT_FALSE(types::takes_mail(lapsed.facts)) << "the count began when the name lapsed";
  lapsed.answer(control_owner(expected.domain), RecordType::txt, {types::TxtRecord{{"danewerk-verification=aaaaaaaaaaaaaaaa"}}});
  lapsed.look();
  EXPECT_FALSE(types::takes_mail(lapsed.facts)) << "another token is no proof";
}

TEST(Lifecycle, a_domain_that_never_came_is_not_one_that_left) {
  World world;
  world.facts.verified = start;
  world.look();
  world.now += 24h * 365;
  world.look();
  EXPECT_FALSE(world.facts.mx_elsewhere);
  EXPECT_FALSE(world.facts.quarantined);
}

TEST(Lifecycle, a_diff_says_what_resolvers_will_be_answered) {
  const std::string tlsa = "_25._tcp.contoso-com.s1.mx.example. TLSA " + record.to_string();
  Expectation single = expected;
  single.holding = types::Holding::explicit_hosts;
  World world;
  world.token_is_there();
  world.look();
  const types::DomainFacts before = world.facts;
  ASSERT_TRUE(world.asked(Ask::enable_dnssec).has_value());
  EXPECT_EQ(zone_diff(before, world.facts, single, {record}),
            (std::vector<std::string>{"+ contoso-com.s1.mx.example. A 192.0.2.1", "+ contoso-com.s1.mx.example. AAAA 2001:db8::1"}));
  EXPECT_EQ(zone_diff(before, world.facts, expected, {record}), std::vector<std::string>{"- " + tlsa}) << "the wildcard answers for any name";
  const types::DomainFacts plain = world.facts;
  ASSERT_TRUE(world.asked(Ask::enable_dane).has_value());
  for (const Expectation& held : {single, expected}) {
    EXPECT_EQ(zone_diff(plain, world.facts, held, {record}), std::vector<std::string>{"+ " + tlsa});
    EXPECT_EQ(zone_diff(world.facts, plain, held, {record}), std::vector<std::string>{"- " + tlsa});
    EXPECT_TRUE(zone_diff(plain, plain, held, {record}).empty());
  }
}

std::vector<std::string> own(World& world) {
  const auto change = own_change(world.stands(), world.facts, world.sight, expected, expected.domain, world.now);
  return change ? describe(*change, world.sight, expected) : std::vector<std::string>{};
}

TEST(Lifecycle, a_zone_that_takes_updates_is_led_through_by_itself) {
  using Lines = std::vector<std::string>;
  World world;
  EXPECT_EQ(own(world), Lines{"+ " + control_record(expected.domain, world.facts.token)});
  world.token_is_there();
  world.look();
  EXPECT_TRUE(own(world).empty()) << "the next step is ours";
  ASSERT_TRUE(world.asked(Ask::enable_dnssec).has_value());
  EXPECT_EQ(own(world), (Lines{"- contoso.com. 3600 IN MX 10 mail.old.example.", "+ contoso.com. 300 IN MX 10 mail.old.example."}));
  world.answer(expected.domain, RecordType::mx, {World::mx(0, "mail.old.example")}, DnssecStatus::secure, Ttl{300});
  EXPECT_EQ(own(world), (Lines{"- contoso.com. 300 IN MX 0 mail.old.example.", "+ contoso.com. 300 IN MX 0 contoso-com.s1.mx.example.",
                               "+ contoso.com. 300 IN MX 10 mail.old.example."}));
  const auto change = own_change(world.stands(), world.facts, world.sight, expected, expected.domain, world.now);
  EXPECT_TRUE(std::holds_alternative<types::RrSetIs>(change->prerequisites.at(0))) << "DDNS-02";
  world.mx_is({World::mx(0, "contoso-com.s1.mx.example"), World::mx(10, "mail.old.example")});
  ASSERT_TRUE(world.asked(Ask::enable_dane).has_value());
  world.look();
  EXPECT_TRUE(own(world).empty()) << "senders may still remember the set without ours";
  world.now += 1h;
  EXPECT_EQ(own(world).back(), "+ contoso.com. 3600 IN MX 0 contoso-com.s1.mx.example.");
}

TEST(Lifecycle, questions_follow_the_mx) {
  World world;
  EXPECT_EQ(first_questions(expected).size(), 6U);
  EXPECT_EQ(further_questions(expected, world.sight).size(), 2U) << "the address of the other host may be ours";
  world.mx_is({World::mx(0, "contoso-com.s1.mx.example")});
  EXPECT_TRUE(further_questions(expected, world.sight).empty());
}

TEST(Lifecycle, the_manual_has_every_finding_in_the_words_of_the_table) {
  std::ifstream file(std::string(DANEWERK_SOURCE_DIR) + "/docs/operate/findings.md");
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  for (const FindingKind& kind : finding_kinds()) {
    const std::string row = "| `" + std::string(kind.code) + "` | " + types::to_string(kind.severity) + " | " + types::to_string(kind.whose) + " | " +
                            std::string(kind.meaning) + " | " + std::string(kind.remedy) + " |\n";
    EXPECT_NE(manual.find(row), std::string::npos) << "docs/operate/findings.md lacks:\n" << row;
  }
}

}  // namespace
}  // namespace danewerk::lifecycle
