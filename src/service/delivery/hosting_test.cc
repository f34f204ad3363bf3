// What suspended tenants and negative trust anchors do to a delivery.
#include "engine/policy/plan.h"
#include "service/delivery/test_world.h"
#include "service/delivery/weigh_anchors.h"

namespace danewerk::service::test {
namespace {

using namespace std::chrono_literals;

types::NegativeAnchor anchor(const char* domain, Instant until) {
  return {*types::DomainName::parse(domain), "root", "broken there", start - 1h, until, std::nullopt};
}

io::Task<> find(World& world, const char* domain, types::DaneMode mode, std::optional<Prospect>& out) {
  types::MessageDemands demands;
  demands.dane = mode;
  auto next_hop = types::NextHop::parse(domain);
  EXPECT_TRUE(next_hop.has_value());
  out = co_await prospect(*world.parts, *std::move(next_hop), demands);
}

/// A zone whose signatures are broken, as the resolver shows it under an anchor: unsigned, its TLSA record too.
struct Broken {
  explicit Broken(std::vector<types::NegativeAnchor> anchors) {
    world.knows("zone bogus.test insecure\nbogus.test MX insecure 10 mx.bogus.test\nmx.bogus.test A insecure 127.0.0.1\n"
                "alias.test CNAME secure mx.bogus.test\nvia.test MX secure 10 alias.test\n"
                "fine.test MX secure 10 mx.fine.test\nmx.fine.test A secure 127.0.0.1\n");
    auto shared = std::make_shared<const std::vector<types::NegativeAnchor>>(std::move(anchors));
    world.parts->anchors = [shared] { return shared; };
  }
  Prospect ask(const char* domain, types::DaneMode mode = types::DaneMode::opportunistic) {
    std::optional<Prospect> out;
    io::run_to_end(find(world, domain, mode, out));
    return *std::move(out);
  }
  World world;
};

TEST(NegativeAnchors, in_force_they_are_named_and_mail_goes_on_as_unsigned) {  // RFC 7646 2, RES-03
  Broken broken({anchor("bogus.test", start + 1h), anchor("other.test", start + 1h)});
  const Prospect found = broken.ask("bogus.test");
  ASSERT_EQ(found.anchors.size(), 1U);
  EXPECT_EQ(found.anchors.front().domain.to_string(), "bogus.test");
  ASSERT_EQ(found.plan.hops.size(), 1U);
  EXPECT_EQ(found.plan.mx, types::MxTrust::insecure);
  EXPECT_EQ(found.plan.hops.front().level, types::SecurityLevel::opportunistic);
  EXPECT_EQ(broken.ask("via.test").anchors.size(), 1U) << "reached through an alias";
  EXPECT_TRUE(broken.ask("fine.test").anchors.empty()) << "nothing there rests on it";
}

TEST(NegativeAnchors, ended_but_not_let_go_no_unsigned_answer_is_believed) {
  Broken broken({anchor("bogus.test", start)});
  const Prospect found = broken.ask("bogus.test");
  EXPECT_TRUE(found.anchors.empty());
  EXPECT_TRUE(found.plan.hops.empty());
  ASSERT_TRUE(found.plan.stop.has_value());
  EXPECT_EQ(found.plan.stop->kind, types::FaultKind::ours) << "counts toward no limit";
  EXPECT_EQ(found.plan.stop->lasting, types::Lasting::transient);
  EXPECT_TRUE(broken.ask("via.test").plan.hops.empty());
  EXPECT_EQ(broken.ask("fine.test").plan.hops.size(), 1U);
}

TEST(NegativeAnchors, never_satisfy_who_demands_dane) {  // TL-14
  Broken broken({anchor("bogus.test", start + 1h)});
  const Prospect found = broken.ask("bogus.test", types::DaneMode::mandatory);
  EXPECT_TRUE(found.plan.hops.empty());
  EXPECT_EQ(found.anchors.size(), 1U) << "and the operator sees why it is unsigned";
}

io::Task<> hold_and_resume(World& world) {
  std::optional<std::string> why = "held: tenant contoso is suspended";
  world.parts->held = [&why](const types::TenantId&, types::Origin origin) { return origin == types::Origin::submission ? why : std::nullopt; };
  const types::QueueId id = co_await accept(world, message_to("[mx.test]"));
  for (int hour = 0; hour < 24 * 6; ++hour) {
    EXPECT_EQ(co_await deliver_due(world), 1U) << hour;
    world.clock.advance(1h);
  }
  types::QueueDetail detail = co_await look(world, id);
  EXPECT_EQ(detail.recipients.at(0).state, types::RecipientState::waiting);
  EXPECT_EQ(detail.recipients.at(0).code->to_string(), "4.7.1");
  EXPECT_EQ(detail.recipients.at(0).sentence, *why);
  EXPECT_EQ(detail.recipients.at(0).attempts, 0U) << "no attempt was made";
  EXPECT_TRUE(detail.attempts.empty());
  EXPECT_TRUE(world.resolver.asked().empty()) << "nobody was even looked up";
  why = std::nullopt;
  EXPECT_EQ(co_await deliver_due(world), 1U);
  detail = co_await look(world, id);
  // Six days old, one failure: held time does not count toward the five days (design.md 9.8).
  EXPECT_EQ(detail.recipients.at(0).state, types::RecipientState::waiting) << detail.recipients.at(0).sentence;
  EXPECT_EQ(detail.recipients.at(0).attempts, 1U);
}

TEST(Suspended, mail_waits_and_does_not_grow_old) {
  World world;
  world.knows("mx.test A timeout\n");
  io::run_to_end(hold_and_resume(world));
}

}  // namespace
}  // namespace danewerk::service::test
