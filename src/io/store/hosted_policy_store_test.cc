// What was served is known after a restart, to the last text that somebody may still hold.
#include "io/store/hosted_policy_store.h"

#include <gtest/gtest.h>

#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using test::finish;
using test::start_of_time;

types::HostedPolicy hosted(std::string_view domain) {
  types::HostedPolicy out;
  out.domain = *types::DomainName::parse(domain);
  out.asked_at = start_of_time;
  out.mode = types::StsPolicyMode::enforce;
  out.max_age = std::chrono::hours(24);
  out.also = {*types::StsMxPattern::parse("*.old.example"), *types::StsMxPattern::parse("mx.new.example")};
  for (int i = 0; i < 3; ++i) {
    types::PolicyVersion version;
    version.id = "2026112" + std::to_string(i);
    version.policy = {types::StsPolicyMode::testing, out.also, std::chrono::hours(i)};
    version.since = start_of_time + std::chrono::hours(i);
    if (i > 0) version.fetched = version.since;
    if (i > 1) version.announced = version.since + std::chrono::seconds(1);
    out.versions.push_back(version);
  }
  out.mx = {{*types::DomainName::parse("mx.a.example"), start_of_time}, {*types::DomainName::parse("mx.b.example"), start_of_time}};
  return out;
}

TEST(HostedPolicyStore, keeps_replaces_and_forgets) {
  auto disk = SimulatedDisk::make(71, {});
  auto store = *Store::open(disk, test::turned_settings());
  HostedPolicyStore policies(*store);
  types::HostedPolicy first = hosted("contoso.example"), second = hosted("a.example");
  const types::AdminAct anna{"anna", "ticket 9", start_of_time};
  ASSERT_TRUE(finish(*store, policies.put(first, anna, "mta-sts.enable")).has_value());
  ASSERT_TRUE(finish(*store, policies.put(second, std::nullopt, "")).has_value());
  first.withdrawn = start_of_time + std::chrono::hours(9);
  first.record_removed = start_of_time + std::chrono::hours(10);
  first.versions.erase(first.versions.begin());
  first.mx.pop_back();
  ASSERT_TRUE(finish(*store, policies.put(first, std::nullopt, "")).has_value());

  store.reset();
  store = *Store::open(disk, test::turned_settings());
  HostedPolicyStore again(*store);
  EXPECT_EQ(*finish(*store, again.all()), (std::vector{second, first}));
  ASSERT_TRUE(finish(*store, again.erase(second.domain)).has_value());
  EXPECT_EQ(*finish(*store, again.all()), std::vector{first});
}

}  // namespace
}  // namespace danewerk::io
