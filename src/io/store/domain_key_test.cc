#include <gtest/gtest.h>

#include <set>

#include "io/store/domain_store.h"
#include "io/store/key_store.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;
using test::anna;
using test::domain;
using test::finish;
using test::start_of_time;

TEST(DomainStore, changes_show_in_the_next_snapshot_and_after_reopening) {
  auto disk = SimulatedDisk::make(21, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto domains = *DomainStore::open(*store);
  const auto name = *types::DomainName::parse("contoso.example");
  auto nobody = finish(*store, domains->add({domain("contoso.example", "contoso")}, anna));
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind, ErrorKind::not_found);
  ASSERT_TRUE(finish(*store, domains->add_tenant({test::tenant("contoso"), "Contoso Ltd", {}, ""}, anna)).has_value());
  const auto before = domains->snapshot();
  ASSERT_TRUE(finish(*store, domains->add({domain("contoso.example", "contoso"), domain("b.example", "contoso")}, anna)).has_value());
  EXPECT_EQ(before->find(name), nullptr) << "a snapshot never changes";
  EXPECT_EQ(domains->snapshot()->find(name)->created_by, "anna");
  EXPECT_EQ(domains->snapshot()->find(*types::DomainName::parse("sub.contoso.example")), nullptr);

  auto again = finish(*store, domains->add({domain("c.example", "contoso"), domain("b.example", "contoso")}, anna));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(domains->snapshot()->size(), 2U) << "all or none";
  EXPECT_EQ(finish(*store, domains->remove_tenant(test::tenant("contoso"), anna)).error().kind, ErrorKind::conflict);

  const auto route = *types::Route::parse("smtp:192.0.2.1:25");
  ASSERT_TRUE(finish(*store, domains->change_route(name, route, anna)).has_value());
  ASSERT_TRUE(finish(*store, domains->remove(*types::DomainName::parse("b.example"), anna)).has_value());
  const auto listed = domains->snapshot()->list(test::tenant("contoso"));

  domains.reset();
  store.reset();
  disk = disk->after_power_cut({});
  store = *Store::open(disk, test::turned_settings());
  domains = *DomainStore::open(*store);
  EXPECT_EQ(domains->snapshot()->list(std::nullopt), listed);
  EXPECT_EQ(domains->snapshot()->find(name)->route, route);
  EXPECT_EQ(domains->snapshot()->find_tenant(test::tenant("contoso"))->name, "Contoso Ltd");
  QueueStore queue(*store);
  EXPECT_EQ(finish(*store, queue.ledger("contoso.example"))->size(), 2U);
}

TEST(DomainStore, what_became_of_a_domain_is_kept) {
  auto disk = SimulatedDisk::make(23, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto domains = *DomainStore::open(*store);
  auto added = domain("contoso.example", "contoso");
  const auto name = added.domain;
  added.facts.token = {1, 2, 0, 255, 5, 6, 7, 8, 9, 10};
  ASSERT_TRUE(finish(*store, domains->add({added}, anna, DomainStore::NewTenants::made)).has_value());
  types::DomainFacts after = added.facts;
  after.proof = types::ControlProof::txt_record;
  after.verified = start_of_time + 1h;
  after.dane.asked = start_of_time + 2h;
  after.dane.withdrawn = start_of_time + 3h;
  after.looked = start_of_time + 4h;
  after.mx_ttl = Ttl{3600};
  ASSERT_TRUE(finish(*store, domains->note({{name, added.facts, after}, {*types::DomainName::parse("gone.example"), {}, after}})).has_value());
  EXPECT_EQ(domains->snapshot()->find(name)->facts, after);

  types::DomainFacts later = after;
  later.quarantined = start_of_time + 5h;
  ASSERT_TRUE(finish(*store, domains->note({{name, added.facts, later}})).has_value());
  EXPECT_EQ(domains->snapshot()->find(name)->facts, after) << "what was concluded from older facts is not written over newer ones";
  EXPECT_EQ(finish(*store, domains->ask({{name, added.facts, later}}, "domain.test", anna)).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(finish(*store, domains->ask({{name, after, later}}, "domain.test", anna)).has_value());

  domains.reset();
  store.reset();
  disk = disk->after_power_cut({});
  store = *Store::open(disk, test::turned_settings());
  domains = *DomainStore::open(*store);
  EXPECT_EQ(domains->snapshot()->find(name)->facts, later);
  QueueStore queue(*store);
  EXPECT_EQ(finish(*store, queue.ledger("contoso.example"))->front().action, "domain.test");
}

TEST(DomainStore, many_domains_in_one_change) {
  auto store = *Store::open(SimulatedDisk::make(22, {}), test::turned_settings());
  auto domains = *DomainStore::open(*store);
  ASSERT_TRUE(finish(*store, domains->add_tenant({test::tenant("big"), "", {}, ""}, anna)).has_value());
  std::vector<types::AcceptedDomain> many;
  for (int i = 0; i < 3000; ++i) many.push_back(domain("d" + std::to_string(i) + ".example", "big"));
  ASSERT_TRUE(finish(*store, domains->add(many, anna)).has_value());
  EXPECT_EQ(domains->snapshot()->size(), 3000U);
  EXPECT_NE(domains->snapshot()->find(*types::DomainName::parse("d2999.example")), nullptr);
  std::set<types::DomainName> met;
  const auto all = [](const types::AcceptedDomain&) { return true; };
  for (std::size_t i = 0; i < Domains::part_count; ++i) {
    for (const types::AcceptedDomain& one : domains->snapshot()->part(i, all)) EXPECT_TRUE(met.insert(one.domain).second) << one.domain.to_string();
  }
  EXPECT_EQ(met.size(), 3000U) << "the parts together are all";
}

TEST(KeyStore, instants_are_set_once_and_survive) {
  auto disk = SimulatedDisk::make(23, {});
  auto store = *Store::open(disk, test::turned_settings());
  KeyStore keys(*store);
  types::KeyFacts key{"k1", types::KeyAlgorithm::ecdsa_p256, "PRIVATE", "", *types::TlsaRecord::parse("3 1 1 " + std::string(64, 'a')),
                      start_of_time, {}, {}, {}, {}, {}};
  ASSERT_TRUE(finish(*store, keys.add(key)).has_value());
  EXPECT_EQ(finish(*store, keys.add(key)).error().kind, ErrorKind::conflict);
  EXPECT_EQ(*finish(*store, keys.mark("k1", types::KeyEvent::published, start_of_time + 1h)), start_of_time + 1h);
  EXPECT_EQ(*finish(*store, keys.mark("k1", types::KeyEvent::published, start_of_time + 9h)), start_of_time + 1h);
  EXPECT_EQ(finish(*store, keys.mark("k2", types::KeyEvent::serving, start_of_time)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(finish(*store, keys.mark("k1", types::KeyEvent::seen_everywhere, start_of_time + 2h)).has_value());
  ASSERT_TRUE(finish(*store, keys.mark("k1", types::KeyEvent::serving, start_of_time + 3h)).has_value());
  ASSERT_TRUE(finish(*store, keys.set_certificate("k1", "PEM")).has_value());
  EXPECT_EQ(finish(*store, keys.erase("k1")).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(finish(*store, keys.put_secret({"tsig", "hmac-sha256", {1, 2, 0, 255}, start_of_time})).has_value());
  ASSERT_TRUE(finish(*store, keys.put_zone_fact("mx.example", {"serial", "7", start_of_time})).has_value());
  ASSERT_TRUE(finish(*store, keys.put_zone_fact("mx.example", {"serial", "8", start_of_time})).has_value());

  store.reset();
  disk = disk->after_power_cut({});
  store = *Store::open(disk, test::turned_settings());
  KeyStore again(*store);
  key.certificate = "PEM";
  key.published_at = start_of_time + 1h;
  key.seen_everywhere_at = start_of_time + 2h;
  key.serving_since = start_of_time + 3h;
  EXPECT_EQ(*finish(*store, again.keys()), std::vector<types::KeyFacts>{key});
  EXPECT_EQ((*finish(*store, again.secret("tsig")))->octets, (Bytes{1, 2, 0, 255}));
  EXPECT_EQ(*finish(*store, again.secret("other")), std::nullopt);
  EXPECT_EQ(finish(*store, again.zone_facts("mx.example"))->front().value, "8");
  ASSERT_TRUE(finish(*store, again.mark("k1", types::KeyEvent::withdrawn, start_of_time + 9h)).has_value());
  EXPECT_TRUE(finish(*store, again.erase("k1")).has_value());
}

}  // namespace
}  // namespace danewerk::io
