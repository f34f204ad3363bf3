// The whole product of conformance.md 1.2 (MX x addresses x TLSA x what the server then does), against an oracle.
//
// The oracle is three small tables and one loop, written from the text of RFC 7672 2.1 and 2.2 and never calling the
// engine: what each kind of MX answer leads to, which TLSA base domains each kind of address answer makes candidates
// (E the expanded name, O the original), and what each kind of TLSA answer means for its candidate. On top stand
// invariants that need no oracle at all, read off facts and plan alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/policy/judge.h"
#include "engine/policy/plan.h"
#include "scenario.h"
#include "world.h"

namespace danewerk::scenarios {
namespace {

using namespace types;

DomainName name(std::string_view text) { return *DomainName::parse(text); }

// --- the world, by kind ----------------------------------------------------------------------------------------------

enum class Status { secure, insecure, failed };

struct MxKind {
  const char* label;
  const char* answer;  // directive after "example.com MX "
  enum { hosts, implicit, stop } leads;
  Status status;
  const char* stop_code;  // of `stop`
  bool waits;
};

// MX-01 to MX-05, MX-07; RFC 5321 5.1, RFC 7505 3, RFC 7672 2.1.2 (errors delay), 2.1.3 (an insecure alias makes all so).
const std::vector<MxKind> mx_kinds{
    {"secure", "secure 10 mx.example.com", MxKind::hosts, Status::secure, "", false},
    {"insecure", "insecure 10 mx.example.com", MxKind::hosts, Status::insecure, "", false},
    {"bogus", "bogus", MxKind::stop, Status::failed, "4.7.324", true},
    {"bogus status", "bogus-status 10 mx.example.com", MxKind::stop, Status::failed, "4.7.324", true},
    {"indeterminate", "indeterminate-status 10 mx.example.com", MxKind::stop, Status::failed, "4.7.324", true},
    {"servfail", "servfail", MxKind::stop, Status::failed, "4.4.312", true},
    {"timeout", "timeout", MxKind::stop, Status::failed, "4.4.312", true},
    {"alias loop", "alias_loop", MxKind::stop, Status::failed, "4.4.312", true},
    {"nodata secure", "secure nodata", MxKind::implicit, Status::secure, "", false},
    {"nodata insecure", "insecure nodata", MxKind::implicit, Status::insecure, "", false},
    {"nxdomain secure", "secure nxdomain", MxKind::stop, Status::secure, "5.1.2", false},
    {"nxdomain insecure", "insecure nxdomain", MxKind::stop, Status::insecure, "5.1.2", false},
    {"null", "secure 0 .", MxKind::stop, Status::secure, "5.1.10", false},
    {"null and other", "secure 0 . ; 10 mx.example.com", MxKind::hosts, Status::secure, "", false},
    {"alias secure", "secure via target.example.org : 10 mx.example.com", MxKind::hosts, Status::secure, "", false},
    {"alias insecure", "insecure via target.example.org : 10 mx.example.com", MxKind::hosts, Status::insecure, "", false},
    {"dname", "secure via example.dname.example : 10 mx.example.com", MxKind::hosts, Status::secure, "", false},
};

struct AddressKind {
  const char* label;
  const char* a;
  const char* aaaa;
  const char* cname;       // answer to a CNAME question; "" where none may be asked
  const char* candidates;  // "EO", "O" or ""
  enum { found, none, failed } end;
  const char* code;  // of `failed`
};

// RFC 7672 2.2.2: "Not found", "Non-CNAME", "Insecure CNAME", "Secure CNAME"; 2.1.2 for errors; TL-02a; RES-08.
const std::vector<AddressKind> address_kinds{
    {"secure", "secure 192.0.2.1", "secure nodata", "", "O", AddressKind::found, ""},
    {"secure v6 only", "secure nodata", "secure 2001:db8::1", "", "O", AddressKind::found, ""},
    {"insecure", "insecure 192.0.2.1", "insecure nodata", "", "", AddressKind::found, ""},
    {"absent", "secure nodata", "secure nodata", "", "", AddressKind::none, ""},
    {"absent insecure", "insecure nxdomain", "insecure nxdomain", "", "", AddressKind::none, ""},
    {"bogus", "bogus", "bogus", "", "", AddressKind::failed, "4.7.324"},
    {"a fails", "timeout", "secure 2001:db8::1", "", "", AddressKind::failed, "4.4.312"},
    {"aaaa fails", "secure 192.0.2.1", "servfail", "", "", AddressKind::failed, "4.4.312"},
    {"insecure, aaaa fails", "insecure 192.0.2.1", "servfail", "", "", AddressKind::failed, "4.4.312"},
    {"alias secure", "secure via mid.example.org host.example.net : 192.0.2.1",
     "secure via mid.example.org host.example.net : nodata", "", "EO", AddressKind::found, ""},
    {"alias to insecure, first link secure", "insecure via host.example.net : 192.0.2.1",
     "insecure via host.example.net : nodata", "secure host.example.net", "O", AddressKind::found, ""},
    {"alias insecure", "insecure via host.example.net : 192.0.2.1", "insecure via host.example.net : nodata",
     "insecure host.example.net", "", AddressKind::found, ""},
    {"alias, first link unknown", "insecure via host.example.net : 192.0.2.1", "insecure via host.example.net : nodata",
     "servfail", "", AddressKind::failed, "4.7.324"},
    {"alias to error", "bogus", "secure via host.example.net : 2001:db8::1", "", "", AddressKind::failed, "4.7.324"},
    {"alias to nothing", "secure via host.example.net : nodata", "secure via host.example.net : nodata", "", "",
     AddressKind::none, ""},
};

struct TlsaKind {
  const char* label;
  const char* answer;
  char means;  // a, b: decides; d: the host is unreachable; -: the next candidate
};

// RFC 7672 2.2 and 2.2.3, TL-08 to TL-13.
const std::vector<TlsaKind> tlsa_kinds{
    {"usable", "secure 3 1 1 good", 'a'},
    {"unusable", "secure 1 1 1 good ; 3 1 1 short", 'b'},
    {"mixed", "secure 0 0 1 good ; 2 1 1 good", 'a'},
    {"nodata", "secure nodata", '-'},
    {"nxdomain", "secure nxdomain", '-'},
    {"insecure", "insecure 3 1 1 good", '-'},
    {"insecure nodata", "insecure nodata", '-'},
    {"bogus", "bogus", 'd'},
    {"bogus status", "bogus-status 3 1 1 good", 'd'},
    {"servfail", "servfail", 'd'},
    {"timeout", "timeout", 'd'},
    {"refused", "refused", 'd'},
    {"alias secure", "secure via shared.example.net : 3 1 1 good", 'a'},
    {"alias insecure", "insecure via shared.example.net : 3 1 1 good", '-'},
};

struct Case {
  const MxKind* mx;
  const AddressKind* address;
  const TlsaKind* expanded;
  const TlsaKind* original;
  std::string label() const {
    return std::string("MX ") + mx->label + ", address " + address->label + ", TLSA expanded " + expanded->label +
           ", original " + original->label;
  }
  std::string host() const { return mx->leads == MxKind::implicit ? "example.com" : "mx.example.com"; }
};

// --- the oracle ------------------------------------------------------------------------------------------------------

struct Expected {
  char outcome = 'w';  // a, b, c: a hop of that case; w: waits; x: bounces
  std::string code;    // of w and x
  std::string base;    // of a and b
  std::set<std::string> asked;
};

Expected expect(const Case& c) {
  Expected out;
  out.asked.insert("example.com MX");
  if (c.mx->leads == MxKind::stop) {
    out.outcome = c.mx->waits ? 'w' : 'x';
    out.code = c.mx->stop_code;
    return out;
  }
  const std::string host = c.host();
  out.asked.insert(host + " A");
  out.asked.insert(host + " AAAA");
  if (*c.address->cname != '\0') out.asked.insert(host + " CNAME");
  if (c.address->end != AddressKind::found) {
    out.outcome = c.address->end == AddressKind::none ? 'x' : 'w';
    out.code = c.address->end == AddressKind::none ? "5.4.4" : c.address->code;
    return out;
  }
  for (const char* candidate = c.address->candidates; *candidate != '\0'; ++candidate) {
    const std::string base = *candidate == 'E' ? "host.example.net" : host;
    out.asked.insert("_25._tcp." + base + " TLSA");
    const char means = (*candidate == 'E' ? c.expanded : c.original)->means;
    if (means == '-') continue;
    out.outcome = means == 'd' ? 'w' : means;
    if (means == 'd') out.code = "4.7.324";
    if (means != 'd') out.base = base;
    return out;
  }
  out.outcome = 'c';
  return out;
}

// --- the engine in the same world ------------------------------------------------------------------------------------

class World {
 public:
  World() {
    for (const auto& kind : mx_kinds) learn("example.com MX", kind.answer);
    for (const char* host : {"example.com", "mx.example.com"}) {
      for (const auto& kind : address_kinds) {
        learn(std::string(host) + " A", kind.a);
        learn(std::string(host) + " AAAA", kind.aaaa);
        learn(std::string(host) + " CNAME", *kind.cname != '\0' ? kind.cname : "secure nodata");
      }
    }
    for (const char* base : {"example.com", "mx.example.com", "host.example.net"}) {
      for (const auto& kind : tlsa_kinds) learn(std::string("_25._tcp.") + base + " TLSA", kind.answer);
    }
  }

  /// Every question has an answer, also those that must not be asked: what was asked is compared exactly.
  DestinationFacts of(const Case& c) const {
    DestinationFacts facts;
    facts.next_hop = *NextHop::parse("example.com");
    put(facts, "example.com MX", c.mx->answer);
    put(facts, c.host() + " A", c.address->a);
    put(facts, c.host() + " AAAA", c.address->aaaa);
    put(facts, c.host() + " CNAME", *c.address->cname != '\0' ? c.address->cname : "secure nodata");
    put(facts, "_25._tcp.host.example.net TLSA", c.expanded->answer);
    put(facts, "_25._tcp." + c.host() + " TLSA", c.original->answer);
    return facts;
  }

 private:
  void learn(const std::string& question, const std::string& answer) {
    auto parsed = parse_scenarios("=== x\ndns: " + question + " " + answer, "matrix");
    ASSERT_TRUE(parsed) << parsed.error().what;
    answers_.insert_or_assign(question + " " + answer, *parsed->front().world.lookups.begin());
  }
  void put(DestinationFacts& facts, const std::string& question, const std::string& answer) const {
    facts.lookups.insert_or_assign(answers_.at(question + " " + answer).first,
                                   answers_.at(question + " " + answer).second);
  }
  std::map<std::string, std::pair<DnsQuestion, Lookup>> answers_;
};

/// Under a sanitizer, ten times slower, worlds that differ only in answers nobody may ask for are seen once.
#ifdef __SANITIZE_ADDRESS__
constexpr bool thin = true;
#else
constexpr bool thin = false;
#endif

bool differs_only_unasked(const Case& c) {
  const bool stops = c.mx->leads == MxKind::stop;
  const bool no_alias = *c.address->candidates != 'E';
  return (stops && (c.address != &address_kinds.front() || c.original != &tlsa_kinds.front())) ||
         ((stops || no_alias) && c.expanded != c.original);
}

template <class Visit>
void for_all(Visit visit) {
  for (const auto& mx : mx_kinds) {
    for (const auto& address : address_kinds) {
      for (const auto& expanded : tlsa_kinds) {
        for (const auto& original : tlsa_kinds) {
          const Case c{&mx, &address, &expanded, &original};
          if (!thin || !differs_only_unasked(c)) visit(c);
        }
      }
    }
  }
}

char letter(SecurityLevel level) {
  return level == SecurityLevel::dane ? 'a' : level == SecurityLevel::encrypted ? 'b' : 'c';
}

void compare(const Case& c, const Expected& expected, const Gathered& gathered, const DeliveryPlan& plan) {
  std::set<std::string> asked;
  for (const auto& round : gathered.rounds) {
    for (const DnsQuestion& question : round) asked.insert(question.to_string());
  }
  EXPECT_EQ(asked, expected.asked) << c.label();
  if (plan.hops.empty()) {
    ASSERT_TRUE(plan.stop) << c.label();
    EXPECT_EQ(plan.stop->lasting == Lasting::permanent ? 'x' : 'w', expected.outcome) << c.label();
    EXPECT_EQ(plan.stop->code.to_string(), expected.code) << c.label();
    return;
  }
  const Hop& hop = plan.hops.front();
  EXPECT_EQ(letter(hop.level), expected.outcome) << c.label();
  EXPECT_EQ(hop.dane ? hop.dane->base.to_string() : "", expected.base) << c.label();
  EXPECT_EQ(hop.mx == MxTrust::secure, c.mx->status == Status::secure) << c.label();
  if (!hop.dane) return;
  // CRT-05, RFC 7672 3.2.2
  std::vector<std::string> names{expected.base};
  if (c.mx->leads == MxKind::hosts && c.mx->status == Status::secure) {
    names.push_back("example.com");
    if (std::string(c.mx->label) == "alias secure") names.push_back("target.example.org");
    if (std::string(c.mx->label) == "dname") names.push_back("example.dname.example");
  }
  if (c.mx->leads == MxKind::implicit && expected.base != "example.com") names.push_back("example.com");
  std::vector<std::string> actual;
  for (const ReferenceName& reference : hop.dane->names) actual.push_back(reference.to_string());
  EXPECT_EQ(actual, names) << c.label();
  EXPECT_EQ(hop.sni->to_string(), expected.base) << c.label();
}

// --- invariants, read off facts and plan alone ------------------------------------------------------------------------

bool is_good(const Lookup& lookup) {
  return lookup && (lookup->status == DnssecStatus::secure || lookup->status == DnssecStatus::insecure);
}

bool is_secure(const Lookup* lookup) { return lookup != nullptr && *lookup && (*lookup)->status == DnssecStatus::secure; }

void check_invariants(const Case& c, const DestinationFacts& facts, const DeliveryPlan& plan) {
  EXPECT_EQ(plan.hops.empty(), plan.stop.has_value()) << c.label();
  for (const auto& [question, lookup] : facts.lookups) {
    if (!is_good(lookup)) {
      EXPECT_TRUE(plan.hops.empty()) << c.label() << ": delivery on a failed lookup";
    }
    if (question.type != RecordType::tlsa) continue;
    const DomainName host = name(c.host());
    EXPECT_TRUE(is_secure(facts.find({host, RecordType::a})) || is_secure(facts.find({host, RecordType::aaaa})) ||
                is_secure(facts.find({host, RecordType::cname})))
        << c.label() << ": TLSA asked for in an unsigned zone";
    if (is_secure(&lookup) && lookup->value.existence == Existence::records) {
      for (const Hop& hop : plan.hops) EXPECT_NE(hop.level, SecurityLevel::opportunistic) << c.label();
    }
  }
  for (const Hop& hop : plan.hops) {
    EXPECT_FALSE(hop.addresses.empty()) << c.label();
    EXPECT_EQ(hop.level == SecurityLevel::dane, hop.dane && !hop.dane->usable.empty()) << c.label();
  }
}

TEST(Matrix, every_world_against_the_oracle) {
  const World world;
  std::size_t cases = 0;
  for_all([&](const Case& c) {
    if (::testing::Test::HasFailure()) return;
    const Gathered gathered = gather(world.of(c), Rules{}, DaneMode::opportunistic);
    ASSERT_FALSE(gathered.endless) << c.label();
    ASSERT_FALSE(gathered.unanswerable) << c.label() << ": asked " << gathered.unanswerable->to_string();
    const DeliveryPlan plan = policy::plan(gathered.facts, {}, Rules{}, world_time(), Seed{cases});
    compare(c, expect(c), gathered, plan);
    check_invariants(c, gathered.facts, plan);
    ++cases;
  });
  const std::size_t product = mx_kinds.size() * address_kinds.size() * tlsa_kinds.size() * tlsa_kinds.size();
  EXPECT_TRUE(thin ? cases > 2000 : cases == product) << cases;
  RecordProperty("cases", static_cast<int>(cases));
}

/// Addresses are known: only what tells of DANE may be lacking.
bool is_located(const Case& c) { return c.address->end == AddressKind::found || *c.address->cname != '\0'; }

// TL-14, TL-15, RTL-03, RTL-06, RFC 7672 9.1: what the demands make of the oracle's answer.
void check_demands(const Case& c, const MessageDemands& demands, const DeliveryPlan& plan) {
  const Expected plain = expect(c);
  const std::string label = c.label() + ", dane " + to_string(demands.dane) + ", tls " + to_string(demands.tls) +
                            ", requiretls " + to_string(demands.require_tls);
  const bool mandatory = demands.dane == DaneMode::mandatory;
  const bool require_tls = demands.require_tls == RequireTls::yes;
  const bool named = c.mx->status == Status::secure;
  if (mandatory) {
    EXPECT_EQ(!plan.hops.empty(), plain.outcome == 'a' && named) << label;
  } else if (require_tls && demands.dane != DaneMode::none) {
    EXPECT_EQ(!plan.hops.empty(), named && plain.outcome <= 'c') << label;
  }
  const bool strict = mandatory || require_tls;
  const bool waived = demands.require_tls == RequireTls::waived && !strict;
  if (waived) {  // RTL-06: whatever the destination publishes; but where it is must be known
    EXPECT_EQ(!plan.hops.empty(), c.mx->leads != MxKind::stop && is_located(c)) << label;
  }
  for (const Hop& hop : plan.hops) {
    SecurityLevel least = SecurityLevel::opportunistic;
    if (demands.tls == TlsMode::require) least = SecurityLevel::encrypted;
    if (require_tls) least = SecurityLevel::verified;
    if (mandatory || (require_tls && plain.outcome == 'a' && demands.dane != DaneMode::none)) least = SecurityLevel::dane;
    EXPECT_GE(hop.level, least) << label;
    EXPECT_TRUE(!require_tls || hop.mx != MxTrust::insecure) << label;
    if ((demands.dane == DaneMode::audit && !strict) || (waived && demands.dane == DaneMode::opportunistic)) {
      EXPECT_EQ(hop.level, least) << label;
      const bool overlooked = hop.reason == LevelReason::lookup_waived;
      EXPECT_EQ(overlooked, plain.outcome == 'w') << label;
      EXPECT_TRUE(!overlooked || (waived && hop.waived)) << label;
      EXPECT_EQ(hop.audit ? letter(*hop.audit) : 'c', overlooked ? 'c' : plain.outcome) << label;
    } else {
      EXPECT_FALSE(hop.audit) << label;
    }
    if (demands.dane == DaneMode::none) {
      EXPECT_FALSE(hop.dane) << label;
    }
  }
}

TEST(Matrix, every_demand_on_every_world) {
  const World world;
  for_all([&](const Case& c) {
    if (::testing::Test::HasFailure() || c.expanded != c.original) return;
    for (const DaneMode mode : {DaneMode::opportunistic, DaneMode::mandatory, DaneMode::none, DaneMode::audit}) {
      const Gathered gathered = gather(world.of(c), Rules{}, mode);
      for (const auto& [question, lookup] : gathered.facts.lookups) {
        EXPECT_FALSE(mode == DaneMode::none && question.type == RecordType::tlsa) << c.label();
      }
      for (const TlsMode tls : {TlsMode::opportunistic, TlsMode::require}) {
        for (const RequireTls require : {RequireTls::no, RequireTls::yes, RequireTls::waived}) {
          const MessageDemands demands{require, mode, tls};
          check_demands(c, demands, policy::plan(gathered.facts, demands, Rules{}, world_time(), Seed{1}));
        }
      }
    }
  });
}

// MX-04, MX-06, TL-11: what becomes of a host does not depend on the other, and nothing but preference orders them.
TEST(Matrix, two_hosts_do_not_touch_each_other) {
  const World world;
  const auto rename = [](const DestinationFacts& facts, DestinationFacts& into, const std::string& host) {
    for (const auto& [question, lookup] : facts.lookups) {
      const std::string old = question.name.to_string();
      const std::size_t at = old.find("mx.example.com");
      if (question.type == RecordType::mx || (at == std::string::npos && old != "_25._tcp.host.example.net")) continue;
      DnsQuestion renamed{name(at == std::string::npos ? old : old.substr(0, at) + host), question.type};
      into.lookups.insert_or_assign(std::move(renamed), lookup);
    }
  };
  const auto set = parse_scenarios("=== x\ndns: example.com MX secure 10 mx1.example.com ; 20 mx2.example.com", "");
  const DestinationFacts both_named = set->front().world;
  const MxKind& mx = mx_kinds.front();
  for (const auto& address1 : address_kinds) {
    for (const auto& tlsa1 : tlsa_kinds) {
      for (const auto& address2 : address_kinds) {
        const TlsaKind& tlsa2 = tlsa_kinds[(&address2 - address_kinds.data()) * 5U % tlsa_kinds.size()];
        const std::vector<Case> cases{{&mx, &address1, &tlsa1, &tlsa1}, {&mx, &address2, &tlsa1, &tlsa2}};
        DestinationFacts facts = both_named;
        facts.next_hop = *NextHop::parse("example.com");
        rename(world.of(cases[0]), facts, "mx1.example.com");
        rename(world.of(cases[1]), facts, "mx2.example.com");
        const Gathered gathered = gather(facts, Rules{}, DaneMode::opportunistic);
        const DeliveryPlan plan = policy::plan(gathered.facts, {}, Rules{}, world_time(), Seed{1});
        std::string expected;
        for (const Case& c : cases) {
          const char outcome = expect(c).outcome;
          if (outcome != 'w' && outcome != 'x') expected += outcome;
        }
        std::string actual;
        for (const Hop& hop : plan.hops) actual += letter(hop.level);
        ASSERT_EQ(actual, expected) << cases[0].label() << " / " << cases[1].label();
        ASSERT_EQ(plan.hops.size() + plan.out.size(), 2U);
        ASSERT_TRUE(std::is_sorted(plan.hops.begin(), plan.hops.end(),
                                   [](const Hop& a, const Hop& b) { return a.preference < b.preference; }));
      }
    }
  }
}

// --- and what the server then does ------------------------------------------------------------------------------------

enum class Server { honest, no_starttls, refuses_454, breaks_handshake, resets_after_220, wrong_certificate };
const std::vector<Server> servers{Server::honest,           Server::no_starttls,      Server::refuses_454,
                                  Server::breaks_handshake, Server::resets_after_220, Server::wrong_certificate};

void accept(Attempt& attempt, Channel channel) {
  attempt.end = AttemptEnd::completed;
  attempt.phase = Phase::done;
  attempt.channel = channel;
  attempt.replies = {{RecipientIndex{0}, Phase::content, Reply{250, EnhancedCode{2, 0, 0}, {"ok"}}}};
}

/// A client that does what it is told: its only freedom is to go on in clear where the level is opportunistic.
Attempt connect(const Hop& hop, const policy::Target& target, Server server) {
  Attempt attempt;
  attempt.hop = target.hop;
  attempt.peer = {target.address, hop.port};
  attempt.opening = target.opening;
  attempt.demanded = hop.level;
  const bool free = hop.level == SecurityLevel::opportunistic;
  if (target.opening == Opening::plain) {
    accept(attempt, Channel::cleartext);
    return attempt;
  }
  const auto stop_or_clear = [&](AttemptEnd end) {
    attempt.end = end;
    attempt.phase = Phase::starttls;
    if (free) accept(attempt, Channel::cleartext);
  };
  switch (server) {
    case Server::no_starttls: stop_or_clear(AttemptEnd::starttls_not_offered); break;
    case Server::refuses_454: stop_or_clear(AttemptEnd::starttls_refused); break;
    case Server::breaks_handshake:
      attempt.end = AttemptEnd::handshake_failed;
      attempt.phase = Phase::handshake;
      break;
    case Server::resets_after_220:
      attempt.end = AttemptEnd::lost;
      attempt.phase = Phase::handshake;
      break;
    case Server::wrong_certificate:
    case Server::honest: {
      const bool right = server == Server::honest;
      if (hop.dane && !hop.dane->usable.empty()) {
        attempt.verdict = Verdict{};
        attempt.verdict->kind = right ? VerdictKind::matched : VerdictKind::not_matched;
        if (right) attempt.verdict->record = hop.dane->usable.front();
        if (!right) attempt.verdict->failure = TlsFailure::tlsa_invalid;
      }
      accept(attempt, Channel::tls);
      if (hop.level == SecurityLevel::dane && !right) {
        attempt.replies.clear();
        attempt.end = AttemptEnd::not_authenticated;
        attempt.phase = Phase::authenticate;
      }
    }
  }
  return attempt;
}

TEST(Matrix, no_server_talks_a_plan_down) {
  const World world;
  const std::vector<RecipientIndex> recipients{RecipientIndex{0}};
  for_all([&](const Case& c) {
    // Two different answers at once matter where the expanded name has none, so that the original decides.
    if (::testing::Test::HasFailure() || (c.expanded != c.original && c.expanded->label != std::string("nodata"))) return;
    const Gathered gathered = gather(world.of(c), Rules{}, DaneMode::opportunistic);
    const DeliveryPlan plan = policy::plan(gathered.facts, {}, Rules{}, world_time(), Seed{1});
    const char outcome = expect(c).outcome;
    for (const Server server : servers) {
      std::vector<Attempt> attempts;
      while (auto target = policy::next_target(plan, attempts, recipients)) {
        ASSERT_LT(attempts.size(), 10U) << c.label() << ": endless";
        const Hop& hop = plan.hops[static_cast<std::size_t>(target->hop)];
        ASSERT_TRUE(target->opening == Opening::starttls || hop.level == SecurityLevel::opportunistic) << c.label();
        attempts.push_back(connect(hop, *target, server));
      }
      const Outcome end = policy::judge(plan, attempts, recipients, world_time()).front();
      const bool honest_enough = server == Server::honest || (server == Server::wrong_certificate && outcome != 'a');
      const bool delivered = outcome == 'c' || ((outcome == 'a' || outcome == 'b') && honest_enough);
      EXPECT_EQ(end.disposition == Disposition::delivered, delivered) << c.label() << " server " << int(server);
      if (end.disposition == Disposition::delivered && outcome != 'c') {
        EXPECT_NE(end.assurance, Assurance::cleartext) << c.label();
        const bool proven = outcome == 'a' && c.mx->status == Status::secure;
        EXPECT_EQ(end.assurance == Assurance::next_hop_authenticated, proven) << c.label();  // MX-07
      }
      if (!delivered && (outcome == 'a' || outcome == 'b')) {
        EXPECT_EQ(end.disposition, Disposition::deferred) << c.label();
        EXPECT_EQ(end.code.to_string(), server == Server::wrong_certificate ? "4.7.323" : "4.7.321") << c.label();
        EXPECT_EQ(end.fault->kind, FaultKind::policy) << c.label();
      }
    }
  });
}

}  // namespace
}  // namespace danewerk::scenarios
