// What signed records prove and what they do not, over zones with NSEC, NSEC3 and opt-out.
#include <gtest/gtest.h>

#include "engine/dnssec/test_zones.h"

namespace danewerk::engine::dnssec::test {
namespace {

using Kind = Answer::Kind;

/// . -> test. -> dest.test., and test. -> plain.test. without DS; dest.test. holds a host, aliases, wildcards and an empty non-terminal.
struct World {
  explicit World(Zone::Denial denial) : top("test.", denial), dest("dest.test.", denial) {
    dest.add("dest.test.", RecordType::mx, mx("mx.dest.test."));
    dest.add("mx.dest.test.", RecordType::a, address);
    dest.add("_25._tcp.mx.dest.test.", RecordType::tlsa, tlsa(7));
    dest.add("alias.dest.test.", RecordType::cname, name("mx.dest.test.").wire());
    dest.add("*.wild.dest.test.", RecordType::tlsa, tlsa(8));
    dest.add("near.wild.dest.test.", RecordType::a, address);
    dest.add("old.dest.test.", RecordType::dname, name("dest.test.").wire());
    dest.delegate("below.dest.test.");
    top.delegate("dest.test.", &dest);
    top.delegate("plain.test.");
    root.delegate("test.", &top);
  }
  std::vector<RecordSet> sets(const std::vector<std::pair<std::string, std::string>>& expanded = {}) const {
    std::vector<RecordSet> out = root.signed_sets();
    for (const auto& more : {top.signed_sets(), dest.signed_sets(expanded)}) out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  std::vector<TrustAnchor> anchors() const { return {{RecordType::ds, root.ds()}}; }
  Answer ask(std::string_view asked, RecordType type, const std::vector<RecordSet>& with, Instant at = now) const {
    const auto known = anchors();
    const Crypto crypto = toy_crypto();
    Chain chain(with, known, crypto, at);
    return Answerer(chain).answer(name(asked), type);
  }
  Answer ask(std::string_view asked, RecordType type) const { return ask(asked, type, sets()); }

  Zone root{"."};
  Zone top, dest;
};

void drop(std::vector<RecordSet>& sets, const std::function<bool(const RecordSet&)>& which) {
  sets.erase(std::remove_if(sets.begin(), sets.end(), which), sets.end());
}

class Answers : public testing::TestWithParam<Zone::Denial> {
 protected:
  World world{GetParam()};
  bool opt_out() const { return GetParam() == Zone::Denial::nsec3_opt_out; }
};

INSTANTIATE_TEST_SUITE_P(Denials, Answers, testing::Values(Zone::Denial::nsec, Zone::Denial::nsec3, Zone::Denial::nsec3_opt_out));

// RFC 4035 5.3
TEST_P(Answers, records_are_records) {
  const Answer found = world.ask("_25._tcp.mx.dest.test.", RecordType::tlsa);
  EXPECT_EQ(found.kind, Kind::records) << found.why;
  EXPECT_EQ(found.records, std::vector<Bytes>{tlsa(7)});
  EXPECT_EQ(world.ask("dest.test.", RecordType::mx).kind, Kind::records);
}

TEST_P(Answers, aliases_are_followed) {
  const Answer found = world.ask("alias.dest.test.", RecordType::a);
  EXPECT_EQ(found.kind, Kind::records) << found.why;
  EXPECT_EQ(found.name, name("mx.dest.test."));
  const Answer through = world.ask("mx.old.dest.test.", RecordType::a);  // RFC 6672
  EXPECT_EQ(through.kind, Kind::records) << through.why;
  EXPECT_EQ(through.aliases, std::vector<Name>{name("mx.dest.test.")});
}

// RFC 4035 5.4, RFC 5155 8.5
TEST_P(Answers, no_data) {
  EXPECT_EQ(world.ask("mx.dest.test.", RecordType::tlsa).kind, Kind::no_data);
  EXPECT_EQ(world.ask("_tcp.mx.dest.test.", RecordType::tlsa).kind, Kind::no_data) << "an empty non-terminal";
  EXPECT_EQ(world.ask("dest.test.", RecordType::tlsa).kind, Kind::no_data);
  EXPECT_EQ(world.ask("alias.dest.test.", RecordType::tlsa).name, name("mx.dest.test.")) << "a CNAME is never the absence of its target's type";
}

// RFC 5155 8.4; 9.2: under opt-out nothing shows that there is no unsigned delegation
TEST_P(Answers, no_name) {
  const Answer none = world.ask("_25._tcp.dest.test.", RecordType::tlsa);
  if (opt_out()) {
    EXPECT_EQ(none.kind, Kind::insecure) << none.why;
  } else {
    EXPECT_EQ(none.kind, Kind::no_name) << none.why;
  }
}

// RFC 4035 5.2, RFC 5155 8.6, 8.9
TEST_P(Answers, unsigned_delegations_are_proven_to_be_unsigned) {
  const Answer plain = world.ask("mx.plain.test.", RecordType::a);
  EXPECT_EQ(plain.kind, Kind::insecure) << plain.why;
  EXPECT_NE(plain.why.find("plain.test."), std::string::npos) << plain.why;
  EXPECT_EQ(world.ask("host.below.dest.test.", RecordType::tlsa).kind, Kind::insecure);
}

// RFC 4035 5.3.4, RFC 5155 8.8
TEST_P(Answers, a_wildcard_needs_proof_that_nothing_is_closer) {  // RES-14, RFC 4035 5.4, RFC 5155 8
  const auto expanded = world.sets({{"_25._tcp.mx.wild.dest.test.", "*.wild.dest.test."}});
  const Answer found = world.ask("_25._tcp.mx.wild.dest.test.", RecordType::tlsa, expanded);
  if (opt_out()) {
    EXPECT_EQ(found.kind, Kind::insecure) << "RFC 5155 9.2: there may be an unsigned delegation in the span";
    return;
  }
  EXPECT_EQ(found.kind, Kind::records) << found.why;
  EXPECT_NE(found.steps.back().find("*.wild.dest.test."), std::string::npos) << "said, not glossed over";
  auto without = expanded;
  drop(without, [](const RecordSet& set) { return set.type == RecordType::nsec || set.type == RecordType::nsec3; });
  EXPECT_EQ(world.ask("_25._tcp.mx.wild.dest.test.", RecordType::tlsa, without).kind, Kind::unproven);
  // The wildcard's answer under a name that has a closer one: a replay
  const auto replay = world.sets({{"x.near.wild.dest.test.", "*.wild.dest.test."}});
  EXPECT_NE(world.ask("x.near.wild.dest.test.", RecordType::tlsa, replay).kind, Kind::records);
}

// RFC 5155 8.7
TEST_P(Answers, a_wildcard_without_the_type_is_no_data) {
  if (!opt_out()) {
    EXPECT_EQ(world.ask("mx.wild.dest.test.", RecordType::mx).kind, Kind::no_data);
  }
}

TEST_P(Answers, each_denial_is_needed) {
  const auto all = world.sets();
  for (const char* asked : {"mx.dest.test.", "_25._tcp.dest.test.", "host.below.dest.test."}) {
    const Answer whole = world.ask(asked, RecordType::tlsa, all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto less = all;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      const Answer answer = world.ask(asked, RecordType::tlsa, less);
      EXPECT_TRUE(answer.kind == whole.kind || answer.kind == Kind::unproven || answer.kind == Kind::insecure)
          << "without " << all[i].to_string() << " " << asked << " became " << to_string(answer.kind);
    }
  }
}

// RFC 6840 4.1: an NSEC from above a delegation says nothing of what lies below
TEST_P(Answers, a_parents_denial_is_not_the_childs) {
  auto sets = world.sets();
  drop(sets, [](const RecordSet& set) { return set.owner.is_within(name("dest.test.")) && set.type != RecordType::ds; });
  EXPECT_EQ(world.ask("dest.test.", RecordType::mx, sets).kind, Kind::unproven);
  EXPECT_EQ(world.ask("_25._tcp.mx.dest.test.", RecordType::tlsa, sets).kind, Kind::unproven);
}

TEST_P(Answers, times_count) {
  EXPECT_EQ(world.ask("dest.test.", RecordType::mx, world.sets(), now - std::chrono::hours(2)).kind, Kind::unproven);
  const Answer late = world.ask("dest.test.", RecordType::mx, world.sets(), now + std::chrono::hours(25));
  EXPECT_EQ(late.kind, Kind::unproven);
  EXPECT_NE(late.why.find("expired"), std::string::npos) << late.why;
}

TEST_P(Answers, only_the_roots_keys_are_trusted) {
  const auto sets = world.sets();
  const Zone stranger("test.");
  const std::vector<TrustAnchor> other{{RecordType::ds, stranger.ds()}};
  const Crypto crypto = toy_crypto();
  Chain chain(sets, other, crypto, now);
  EXPECT_EQ(Answerer(chain).answer(name("dest.test."), RecordType::mx).kind, Kind::unproven);
  const std::vector<TrustAnchor> by_key{{RecordType::dnskey, world.root.key()}};
  Chain with_key(sets, by_key, crypto, now);
  EXPECT_EQ(Answerer(with_key).answer(name("dest.test."), RecordType::mx).kind, Kind::records);
}

/// A zone cannot sign for a name outside of it, nor its own DS.
TEST_P(Answers, a_zone_signs_only_what_is_its_own) {
  auto sets = world.sets();
  drop(sets, [](const RecordSet& set) { return set.owner == name("test.") && set.type == RecordType::ds; });
  sets.push_back(world.top.sign(name("test."), RecordType::ds, {world.top.ds()}, name("test.")));
  EXPECT_EQ(world.ask("dest.test.", RecordType::mx, sets).kind, Kind::unproven);
  auto foreign = world.sets();
  Zone evil("evil.test.", GetParam());
  world.top.delegate("evil.test.", &evil);
  foreign = world.sets();
  for (const RecordSet& set : evil.signed_sets()) foreign.push_back(set);
  drop(foreign, [](const RecordSet& set) { return set.owner == name("_25._tcp.mx.dest.test.") && set.type == RecordType::tlsa; });
  foreign.push_back(evil.sign(name("_25._tcp.mx.dest.test."), RecordType::tlsa, {tlsa(9)}, name("_25._tcp.mx.dest.test.")));
  EXPECT_NE(world.ask("_25._tcp.mx.dest.test.", RecordType::tlsa, foreign).kind, Kind::records);
}

TEST(AnswerBounds, aliases_without_end_and_zones_in_a_circle_end) {
  World world(Zone::Denial::nsec);
  world.dest.add("loop.dest.test.", RecordType::cname, name("loop.dest.test.").wire());
  EXPECT_EQ(world.ask("loop.dest.test.", RecordType::a).kind, Kind::unproven);
  auto sets = world.sets();
  drop(sets, [](const RecordSet& set) { return set.type == RecordType::dnskey; });
  EXPECT_EQ(world.ask("dest.test.", RecordType::mx, sets).kind, Kind::unproven);
}

// RFC 4035 5.2: an algorithm that nobody here knows counts as unsigned, and is said
TEST(AnswerBounds, unknown_algorithms_are_said) {
  World world(Zone::Denial::nsec);
  Bytes ds = world.dest.ds();
  ds[2] = 250;
  world.top.remove("dest.test.", RecordType::ds);
  world.top.add("dest.test.", RecordType::ds, ds);
  const Answer answer = world.ask("dest.test.", RecordType::mx);
  EXPECT_EQ(answer.kind, Kind::insecure);
  EXPECT_NE(answer.why.find("cannot be checked"), std::string::npos) << answer.why;
}

}  // namespace
}  // namespace danewerk::engine::dnssec::test
