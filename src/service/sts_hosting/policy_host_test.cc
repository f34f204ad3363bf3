// A hosted policy against a written world: the order of steps, what survives a restart, and what a failure leaves as it was.
#include "service/sts_hosting/policy_host.h"

#include <gtest/gtest.h>

#include "io/dns/scripted_resolver.h"
#include "io/runtime/task_group.h"
#include "io/store/test_rig.h"

namespace danewerk::service {
namespace {

using types::StsPolicyMode;
using std::chrono::hours;
using std::chrono::minutes;

const Instant start = io::test::start_of_time;
const types::AdminAct act{"anna", "ticket 4", start};
types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }
const types::DomainName domain = name("contoso.example"), policy_name = name("mta-sts.contoso.example");

class World {
 public:
  World() {
    EXPECT_TRUE(resolver.add("contoso.example MX secure 10 contoso-example.s1.mx.example\n"));
    restart();
  }

  void restart() {
    PolicyHostSettings settings;
    settings.host = name("mta-sts.mx.example");
    settings.addresses = {*types::IpAddress::parse("192.0.2.1")};
    PolicyHostParts parts{policies, resolver, clock, log, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
    parts.is_accepted = [this](const types::DomainName&) { return accepted; };
    parts.mx_host_of = [](const types::DomainName&) { return std::optional(name("contoso-example.s1.mx.example")); };
    parts.record_name = [](const types::DomainName&) { return name("contoso-example._mta-sts.mx.example"); };
    parts.fetch = [this](types::DomainName) { return fetch(); };
    parts.has_certificate = [this](types::DomainName) { return has_certificate(); };
    parts.order_certificate = [this](types::DomainName, types::AdminAct) { return order(); };
    parts.drop_certificate = [this](types::DomainName, types::AdminAct) { return drop(); };
    parts.publish = [this](types::RrSet set) { return publish(std::move(set)); };
    parts.enforce_fault = [this](const types::DomainName&) { return fault(); };
    parts.alert = [this](std::optional<std::string> what) { alert = what; };
    host = std::make_unique<PolicyHost>(std::move(settings), std::move(parts), loop.get_executor());
  }

  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(loop, io::test::keep_result(std::move(task), result), [](std::exception_ptr failure) {
      if (failure) std::rethrow_exception(failure);
    });
    io::test::settle(loop, *store);
    CHECK(result.has_value());
    return *std::move(result);
  }
  Result<HostedStatus> ask(HostingWish::Kind kind, std::optional<StsPolicyMode> mode = std::nullopt, PolicyHost::Doing doing = PolicyHost::Doing::in_earnest) {
    HostingWish wish;
    wish.domain = domain;
    wish.kind = kind;
    wish.mode = mode;
    types::AdminAct now = act;
    now.at = clock.now();
    return run(host->ask(wish, now, doing));
  }
  HostedStatus look() { return *run(host->look_at(domain)); }
  void lead_here() { EXPECT_TRUE(resolver.add("mta-sts.contoso.example A secure 192.0.2.1\n")); }

  io::ManualClock clock{start};
  boost::asio::io_context loop{1};
  std::shared_ptr<io::SimulatedDisk> disk = io::SimulatedDisk::make(81, {});
  std::unique_ptr<io::Store> store = *io::Store::open(disk, io::test::turned_settings());
  io::HostedPolicyStore policies{*store};
  io::dns::ScriptedResolver resolver{clock};
  io::MemoryLog log;
  std::unique_ptr<PolicyHost> host;
  bool accepted = true, certified = false, reachable = true, zone_refuses = false;
  int orders = 0;
  std::vector<types::RrSet> published;
  std::optional<std::string> edge_fault, alert;

 private:
  io::Task<Result<types::StsPolicy>> fetch() {
    const auto body = host->body_for(policy_name);
    if (!reachable || !body) co_return fail(ErrorKind::unavailable, "connection refused");
    co_return host->list().front().versions.back().policy;
  }
  io::Task<Result<bool>> has_certificate() { co_return certified; }
  io::Task<Result<void>> order() {
    ++orders;
    co_return Result<void>{};
  }
  io::Task<Result<void>> drop() {
    certified = false;
    co_return Result<void>{};
  }
  io::Task<Result<void>> publish(types::RrSet set) {
    if (zone_refuses) co_return fail(ErrorKind::unavailable, "REFUSED");
    published.push_back(std::move(set));
    co_return Result<void>{};
  }
  io::Task<std::optional<std::string>> fault() { co_return edge_fault; }
};

std::string text_in(const types::RrSet& set) { return set.rdatas.empty() ? "" : std::string(set.rdatas[0].begin() + 1, set.rdatas[0].end()); }

// STS-P1, STS-P4
TEST(PolicyHost, certificate_then_text_then_id) {
  World world;
  ASSERT_TRUE(world.ask(HostingWish::Kind::enable).has_value());
  EXPECT_EQ(world.orders, 0) << "the name does not lead here";
  EXPECT_TRUE(world.host->serves(policy_name));
  world.lead_here();
  world.look();
  EXPECT_EQ(world.orders, 1);
  world.certified = true;
  world.reachable = false;
  world.look();
  EXPECT_TRUE(world.published.empty()) << "nobody could fetch it";
  world.reachable = true;
  world.zone_refuses = true;
  const HostedStatus refused = world.look();
  EXPECT_FALSE(refused.hosted.versions.back().announced.has_value());
  EXPECT_NE(refused.step.why.find("REFUSED"), std::string::npos);
  world.zone_refuses = false;
  const HostedStatus announced = world.look();
  ASSERT_EQ(world.published.size(), 1U);
  EXPECT_EQ(text_in(world.published.front()), mtasts::record_of(announced.hosted.versions.back().id));
  EXPECT_TRUE(announced.hosted.versions.back().announced.has_value());
}

TEST(PolicyHost, a_restart_changes_nothing_that_senders_see) {
  World world;
  world.lead_here();
  world.certified = true;
  ASSERT_TRUE(world.ask(HostingWish::Kind::enable).has_value());
  world.look();
  const auto before = world.host->list();
  const auto body = world.host->body_for(policy_name);
  ASSERT_TRUE(body.has_value());
  world.restart();
  EXPECT_FALSE(world.host->body_for(policy_name).has_value());
  io::TaskGroup group(world.loop.get_executor(), "test");
  group.spawn("watch", world.host->watch());
  io::test::settle(world.loop, *world.store);
  EXPECT_EQ(world.host->body_for(policy_name), body);
  EXPECT_EQ(world.host->list().front().versions, before.front().versions);
  group.stop();
  io::test::settle(world.loop, *world.store);
}

TEST(PolicyHost, a_dry_run_leaves_nothing) {
  World world;
  const auto tried = world.ask(HostingWish::Kind::enable, StsPolicyMode::testing, PolicyHost::Doing::trying);
  ASSERT_TRUE(tried.has_value());
  EXPECT_EQ(tried->records.front(), "mta-sts.contoso.example. 3600 IN CNAME mta-sts.mx.example.");
  EXPECT_TRUE(world.host->list().empty());
  EXPECT_TRUE(world.run(world.policies.all())->empty());
}

// STS-P5
TEST(PolicyHost, enforce_waits_for_a_public_certificate) {
  World world;
  world.edge_fault = "key k1: self-signed certificate";
  const auto refused = world.ask(HostingWish::Kind::enable, StsPolicyMode::enforce);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::denied);
  EXPECT_NE(refused.error().what.find("self-signed"), std::string::npos);
  world.edge_fault.reset();
  EXPECT_TRUE(world.ask(HostingWish::Kind::enable, StsPolicyMode::enforce).has_value());
  EXPECT_EQ(world.ask(HostingWish::Kind::enable).error().kind, ErrorKind::conflict);
  EXPECT_FALSE(world.alert.has_value());
  world.edge_fault = "key k1: certificate has expired";
  world.look();
  EXPECT_NE(world.alert->find("contoso.example, in mode enforce"), std::string::npos);
  world.edge_fault.reset();
  world.look();
  EXPECT_FALSE(world.alert.has_value());
}

// STS-P3
TEST(PolicyHost, leaves_in_order_and_then_leaves_nothing) {
  World world;
  world.lead_here();
  world.certified = true;
  ASSERT_TRUE(world.ask(HostingWish::Kind::enable, StsPolicyMode::enforce).has_value());
  world.look();
  world.clock.advance(hours(2));
  ASSERT_TRUE(world.ask(HostingWish::Kind::disable).has_value());
  EXPECT_NE(world.host->body_for(policy_name)->find("mode: none"), std::string::npos);
  const std::string last = text_in(world.published.back());
  EXPECT_EQ(last, mtasts::record_of(world.host->list().front().versions.back().id)) << "senders are told";
  world.clock.advance(hours(24 * 7) - minutes(1));
  world.look();
  EXPECT_EQ(text_in(world.published.back()), last) << "a sender may hold the policy for a minute more";
  world.clock.advance(minutes(1));
  world.look();
  EXPECT_TRUE(world.published.back().rdatas.empty());
  EXPECT_TRUE(world.host->body_for(policy_name).has_value()) << "resolvers remember the record";
  world.clock.advance(minutes(5));
  world.look();
  EXPECT_FALSE(world.host->body_for(policy_name).has_value());
  EXPECT_FALSE(world.certified);
  EXPECT_TRUE(world.run(world.policies.all())->empty());
}

TEST(PolicyHost, a_domain_that_left_takes_its_policy_along_in_order) {
  World world;
  world.lead_here();
  world.certified = true;
  ASSERT_TRUE(world.ask(HostingWish::Kind::enable).has_value());
  world.look();
  world.accepted = false;
  const HostedStatus left = world.look();
  EXPECT_TRUE(left.hosted.withdrawn.has_value());
  EXPECT_NE(world.host->body_for(policy_name)->find("mode: none"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::service
