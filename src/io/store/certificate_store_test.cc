// Certificates of others and orders to a CA survive a restart; what a challenge put into a zone is not forgotten.
#include "io/store/certificate_store.h"

#include <gtest/gtest.h>

#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using test::anna;
using test::finish;
using test::start_of_time;

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

TEST(CertificateStore, keeps_and_replaces) {
  auto disk = SimulatedDisk::make(51, {});
  auto store = *Store::open(disk, test::turned_settings());
  CertificateStore certificates(*store);
  types::StoredCertificate one{"key:k1", {name("*.s1.mx.example"), name("mx1.example")}, "", "CHAIN", "acme", start_of_time, "danewerk"};
  ASSERT_TRUE(finish(*store, certificates.put(one, std::nullopt)).has_value());
  one.chain = "RENEWED";
  one.source = "files";
  ASSERT_TRUE(finish(*store, certificates.put(one, anna)).has_value());
  types::StoredCertificate customer{"name:mta-sts.a.example", {name("mta-sts.a.example")}, "KEY", "", "acme", start_of_time, "anna"};
  ASSERT_TRUE(finish(*store, certificates.put(customer, anna)).has_value());

  store.reset();
  store = *Store::open(disk, test::turned_settings());
  CertificateStore again(*store);
  EXPECT_EQ(*finish(*store, again.certificates()), (std::vector{one, customer}));
  EXPECT_EQ(**finish(*store, again.find("key:k1")), one);
  EXPECT_FALSE(finish(*store, again.find("key:k2"))->has_value());
  ASSERT_TRUE(finish(*store, again.erase("name:mta-sts.a.example", anna)).has_value());
  EXPECT_EQ(finish(*store, again.erase("name:mta-sts.a.example", anna)).error().kind, ErrorKind::not_found);
}

TEST(CertificateStore, counts_orders_that_a_crash_cut_off) {
  auto disk = SimulatedDisk::make(52, {});
  auto store = *Store::open(disk, test::turned_settings());
  CertificateStore certificates(*store);
  const auto first = finish(*store, certificates.begin_order("a.example b.example", start_of_time));
  const auto other = finish(*store, certificates.begin_order("c.example", start_of_time));
  const auto second = finish(*store, certificates.begin_order("a.example b.example", start_of_time + std::chrono::hours(1)));
  ASSERT_TRUE(first && other && second);
  const Instant later = start_of_time + std::chrono::hours(2);
  ASSERT_TRUE(finish(*store, certificates.end_order(*first, later, "the CA said no", later)).has_value());
  const auto orders = finish(*store, certificates.orders("a.example b.example"));
  ASSERT_EQ(orders->size(), 2U);
  EXPECT_EQ(orders->front(), (OrderRow{*first, "a.example b.example", start_of_time, later, "the CA said no", later}));
  EXPECT_FALSE(orders->back().ended_at);
  EXPECT_EQ(finish(*store, certificates.orders(""))->size(), 3U);
  const auto ours = finish(*store, certificates.begin_order("c.example", later));
  ASSERT_TRUE(finish(*store, certificates.end_cut_off(later)).has_value());
  const auto ended = finish(*store, certificates.orders(""));
  EXPECT_EQ(ended->at(0).failure, "the CA said no");
  for (const std::size_t cut : {1U, 2U}) {
    EXPECT_EQ(ended->at(cut).ended_at, later);
    EXPECT_NE(ended->at(cut).failure, "");
  }
  EXPECT_EQ(ended->at(3).id, *ours);
  EXPECT_FALSE(ended->at(3).ended_at) << "one of this process runs";
}

TEST(CertificateStore, remembers_challenges_until_they_are_out) {
  auto disk = SimulatedDisk::make(53, {});
  auto store = *Store::open(disk, test::turned_settings());
  CertificateStore certificates(*store);
  const ChallengeRow row{name("_acme-challenge.s1.mx.example"), "digest"};
  ASSERT_TRUE(finish(*store, certificates.note_challenge(row, start_of_time)).has_value());
  EXPECT_EQ(*finish(*store, certificates.challenges()), std::vector{row});
  ASSERT_TRUE(finish(*store, certificates.forget_challenge(row)).has_value());
  EXPECT_TRUE(finish(*store, certificates.challenges())->empty());
}

}  // namespace
}  // namespace danewerk::io
