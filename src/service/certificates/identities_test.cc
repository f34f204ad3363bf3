// Certificates by name: read when asked for, a bounded number kept, a renewed one within minutes.
#include "service/certificates/identities.h"

#include <gtest/gtest.h>

#include "io/store/test_rig.h"
#include "io/tls/self_issue.h"

namespace danewerk::service {
namespace {

using io::test::finish;
using namespace std::chrono_literals;

const Instant start = io::test::start_of_time;
types::DomainName host(int number) { return *types::DomainName::parse("mta-sts.d" + std::to_string(number) + ".example"); }

struct Bench {
  void keep(int number) {
    const std::string key = *io::generate_key(io::KeyAlgorithm::ecdsa_p256);
    const std::string chain = *io::self_issue(key, {host(number)}, start, start + 24h * 90);
    const types::StoredCertificate row{types::name_subject(host(number)), {host(number)}, key, chain, "acme", start, "danewerk"};
    ASSERT_TRUE(finish(*store, certificates.put(row, std::nullopt)).has_value());
  }
  std::shared_ptr<const io::LoadedIdentity> find(int number) { return finish(*store, identities.find(host(number))); }

  std::shared_ptr<io::SimulatedDisk> disk = io::SimulatedDisk::make(91, {});
  std::unique_ptr<io::Store> store = *io::Store::open(disk, io::test::turned_settings());
  io::CertificateStore certificates{*store};
  io::ManualClock clock{start};
  Identities identities{certificates, clock, 3, 10min};
};

TEST(Identities, keeps_a_bounded_number_the_last_asked_for) {
  Bench bench;
  for (int i = 0; i < 5; ++i) bench.keep(i);
  const auto first = bench.find(0);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(bench.find(0), first);
  for (int i = 1; i < 3; ++i) EXPECT_NE(bench.find(i), nullptr);
  EXPECT_EQ(bench.find(0), first) << "asked for again: stays";
  for (int i = 3; i < 5; ++i) EXPECT_NE(bench.find(i), nullptr);
  EXPECT_EQ(bench.identities.kept(), 3U);
  EXPECT_EQ(bench.find(0), first);
  EXPECT_NE(bench.find(1), nullptr) << "read again";
  EXPECT_EQ(bench.identities.kept(), 3U);
}

TEST(Identities, a_renewed_one_takes_its_place) {
  Bench bench;
  bench.keep(1);
  const auto before = bench.find(1);
  bench.keep(1);
  EXPECT_EQ(bench.find(1), before);
  bench.clock.advance(10min);
  const auto after = bench.find(1);
  EXPECT_NE(after, nullptr);
  EXPECT_NE(after, before);
}

TEST(Identities, nothing_is_shown_that_is_not_there_or_cannot_be_read) {
  Bench bench;
  EXPECT_EQ(bench.find(1), nullptr);
  types::StoredCertificate ordered{types::name_subject(host(1)), {host(1)}, "KEY", "", "acme", start, "anna"};
  ASSERT_TRUE(finish(*bench.store, bench.certificates.put(ordered, std::nullopt)).has_value());
  EXPECT_EQ(bench.find(1), nullptr);
  ordered.chain = "garbage";
  ASSERT_TRUE(finish(*bench.store, bench.certificates.put(ordered, std::nullopt)).has_value());
  EXPECT_EQ(bench.find(1), nullptr);
  EXPECT_EQ(bench.identities.kept(), 0U);
}

}  // namespace
}  // namespace danewerk::service
