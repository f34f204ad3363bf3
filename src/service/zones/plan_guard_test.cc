// What accepted domains have their MX hosts by, and what may be changed of it.
#include "service/zones/plan_guard.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/runtime/reactor.h"
#include "io/store/posix_disk.h"
#include "io/tls/digest.h"

namespace danewerk::service {
namespace {

using types::Holding;

const Instant start = *parse_rfc3339("2026-11-27T12:00:00Z");
const types::DomainName apex = *types::DomainName::parse("mx.example.net");

types::MxPlan plan(std::uint16_t shards, std::vector<Holding> holdings = {}) { return {apex, {shards}, std::move(holdings)}; }

struct House {
  House() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-plan-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    store = *io::Store::open(std::make_shared<io::PosixDisk>(directory), {});
    domains = *io::DomainStore::open(*store);
    facts.emplace(*store);
  }
  ~House() {
    domains.reset();
    store.reset();
    std::filesystem::remove_all(directory);
  }
  /// Why a start with it is refused; empty where it is not.
  std::string refusal(const types::MxPlan& wanted) {
    std::string out;
    io::run_to_end(ask(wanted, out));
    return out;
  }
  void add(const char* domain) { io::run_to_end(added(domain)); }
  void note(const char* fact) { io::run_to_end(noted(fact)); }

 private:
  io::Task<> ask(types::MxPlan wanted, std::string& out) {
    const auto kept = co_await keep_plan(*facts, domains->snapshot(), std::move(wanted), start);
    if (!kept) out = kept.error().what;
  }
  io::Task<> added(std::string domain) {
    const types::AcceptedDomain one{*types::DomainName::parse(domain), *types::TenantId::parse("t"), *types::Route::parse("lmtp:192.0.2.1:24"), {}, {}, {}};
    std::vector<types::AcceptedDomain> all(1, one);
    const types::AdminAct act{"test", "", start};
    const auto done = co_await domains->add(std::move(all), act, io::DomainStore::NewTenants::made);
    EXPECT_TRUE(done.has_value());
  }
  io::Task<> noted(std::string name) {
    io::ZoneFact fact{std::move(name), "x", start};
    const auto done = co_await facts->put_zone_fact(apex.to_string(), std::move(fact));
    EXPECT_TRUE(done.has_value());
  }
  std::string directory;
  std::unique_ptr<io::Store> store;
  std::unique_ptr<io::DomainStore> domains;
  std::optional<io::KeyStore> facts;
};

TEST(PlanGuard, anything_goes_before_the_first_domain) {
  House house;
  EXPECT_EQ(house.refusal(plan(1)), "");
  EXPECT_EQ(house.refusal(plan(3, {Holding::wildcard, Holding::explicit_hosts, Holding::shared})), "");
  EXPECT_EQ(house.refusal(plan(2)), "");
}

TEST(PlanGuard, hosts_in_use_stay_as_they_are) {
  House house;
  EXPECT_EQ(house.refusal(plan(1)), "");
  for (const char* domain : {"a.example", "b.example", "c.example", "d.example"}) house.add(domain);
  EXPECT_EQ(house.refusal(plan(1)), "");
  const std::string refused = house.refusal(plan(1, {Holding::explicit_hosts}));
  EXPECT_NE(refused.find("MX hosts of 4 accepted domains"), std::string::npos) << refused;
  EXPECT_NE(refused.find("(wildcard) would become "), std::string::npos) << refused;
  EXPECT_NE(refused.find("Set it back to zone.shards = 1, zone.holding = \"wildcard\", zone.holding_by_shard = []"), std::string::npos) << refused;
  EXPECT_NE(house.refusal(plan(1, {Holding::shared})), "");
  EXPECT_NE(house.refusal(plan(200)), "") << "four domains do not all stay in the first of 200 shards";
  EXPECT_EQ(house.refusal(plan(1)), "") << "nothing was written down of what was refused";
}

TEST(PlanGuard, what_nobody_uses_may_change) {
  House house;
  EXPECT_EQ(house.refusal(plan(200)), "");
  house.add("a.example");
  std::vector<Holding> holdings(200, Holding::wildcard);
  const std::uint16_t used = types::shard_index(io::sha256(as_bytes(std::string_view("a.example"))), {200});
  holdings[used == 7 ? 8 : 7] = Holding::shared;
  EXPECT_EQ(house.refusal(plan(200, holdings)), "") << "no domain is in that shard";
  holdings[used] = Holding::explicit_hosts;
  const std::string refused = house.refusal(plan(200, holdings));
  EXPECT_NE(refused.find("zone.holding_by_shard = [\"s" + std::to_string(used == 7 ? 9 : 8) + "=shared\"]"), std::string::npos) << refused;
}

TEST(PlanGuard, an_explicit_shard_that_was_delegated_stays_explicit) {
  House house;
  EXPECT_EQ(house.refusal(plan(2, {Holding::explicit_hosts, Holding::wildcard})), "");
  EXPECT_EQ(house.refusal(plan(2)), "") << "nothing points to it yet";
  EXPECT_EQ(house.refusal(plan(2, {Holding::explicit_hosts, Holding::wildcard})), "");
  house.note("delegation s1.mx.example.net NS");
  EXPECT_NE(house.refusal(plan(2)).find("s1.mx.example.net is a zone of its own"), std::string::npos);
  EXPECT_EQ(house.refusal(plan(2, {Holding::explicit_hosts, Holding::explicit_hosts})), "");
}

TEST(PlanGuard, a_plan_that_cannot_be_read_is_told) {
  House house;
  house.add("a.example");
  house.note("plan");
  EXPECT_NE(house.refusal(plan(1)).find("the word 'x'"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::service
