// STS-06: a policy fetched before a restart is in force after it.
#include "io/store/sts_store.h"

#include <gtest/gtest.h>

#include "io/store/test_rig.h"

namespace danewerk::io::test {
namespace {

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

types::StsMemory policy_memory() {
  types::StsMemory memory;
  memory.policy = types::StsPolicy{types::StsPolicyMode::enforce,
                                   {*types::StsMxPattern::parse("mx.example.com"), *types::StsMxPattern::parse("*.example.net")},
                                   std::chrono::hours(24)};
  memory.id = "20261124";
  memory.fetched = start_of_time;
  memory.used = start_of_time;
  return memory;
}

types::StsMemory failure_memory() {
  types::StsMemory memory;
  memory.fault = types::StsFault{types::TlsFailure::sts_webpki_invalid, "the certificate is not for mta-sts.example.org", start_of_time};
  memory.failed_id = "7";
  memory.failures = 3;
  memory.used = start_of_time;
  return memory;
}

class StsStoreTest : public ::testing::Test {
 protected:
  StsStoreTest() : disk_(SimulatedDisk::make(1, {})) { open(); }
  void open() {
    store_.reset();
    store_ = *Store::open(disk_, turned_settings());
  }
  std::optional<types::StsMemory> find(const char* domain) {
    StsStore sts(*store_);
    auto found = finish(*store_, sts.find(name(domain)));
    EXPECT_TRUE(found.has_value());
    return *found;
  }
  void put(const char* domain, types::StsMemory memory) {
    StsStore sts(*store_);
    EXPECT_TRUE(finish(*store_, sts.put(name(domain), std::move(memory))).has_value());
  }

  std::shared_ptr<SimulatedDisk> disk_;
  std::unique_ptr<Store> store_;
};

TEST_F(StsStoreTest, what_is_known_survives_a_restart) {
  EXPECT_FALSE(find("example.com"));
  put("example.com", policy_memory());
  put("example.org", failure_memory());
  open();
  EXPECT_EQ(find("example.com"), policy_memory());
  EXPECT_EQ(find("example.org"), failure_memory());
  EXPECT_FALSE(find("sub.example.com"));  // STS-07
}

TEST_F(StsStoreTest, pages_in_order_of_names) {
  for (const char* domain : {"c.example", "a.example", "b.example"}) put(domain, policy_memory());
  StsStore sts(*store_);
  const auto first = finish(*store_, sts.page({}, 2));
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ(first->at(1).first.to_string(), "b.example");
  const auto second = finish(*store_, sts.page(first->at(1).first, 2));
  ASSERT_EQ(second->size(), 1U);
  EXPECT_EQ(second->at(0).first.to_string(), "c.example");
}

TEST_F(StsStoreTest, forgets_only_what_ran_out_and_is_unused) {
  put("in-force.example", policy_memory());
  put("failed.example", failure_memory());
  types::StsMemory used = failure_memory();
  used.used = start_of_time + std::chrono::hours(100);
  put("used.example", used);
  StsStore sts(*store_);
  const Instant since = start_of_time + std::chrono::hours(1);
  EXPECT_EQ(*finish(*store_, sts.prune(since, start_of_time + std::chrono::hours(23))), 1U);
  EXPECT_TRUE(find("in-force.example"));
  EXPECT_FALSE(find("failed.example"));
  EXPECT_TRUE(find("used.example"));
  EXPECT_EQ(*finish(*store_, sts.prune(since, start_of_time + std::chrono::hours(25))), 1U);
}

TEST_F(StsStoreTest, use_is_noted_and_never_goes_back) {
  put("example.com", policy_memory());
  StsStore sts(*store_);
  const Instant later = start_of_time + std::chrono::hours(30);
  EXPECT_TRUE(finish(*store_, sts.mark_used(name("example.com"), later)).has_value());
  EXPECT_TRUE(finish(*store_, sts.mark_used(name("example.com"), start_of_time)).has_value());
  EXPECT_EQ(find("example.com")->used, later);
}

}  // namespace
}  // namespace danewerk::io::test
