// What hosters keep in the store: suspensions, signing keys, tenants made along with a domain. Each change survives, or did not happen.
#include <gtest/gtest.h>

#include "io/store/dkim_store.h"
#include "io/store/domain_store.h"
#include "io/store/queue_store.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using test::anna;
using test::domain;
using test::finish;
using test::start_of_time;

TEST(Suspensions, survive_and_end) {
  auto disk = SimulatedDisk::make(31, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto domains = *DomainStore::open(*store);
  types::Suspension suspension;
  suspension.new_mail = types::Suspension::NewMail::refuse;
  suspension.inbound = types::Suspension::Inbound::stopped;
  EXPECT_EQ(finish(*store, domains->suspend(test::tenant("contoso"), suspension, anna)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(finish(*store, domains->add_tenant({test::tenant("contoso"), "Contoso Ltd", {}, ""}, anna)).has_value());
  ASSERT_TRUE(finish(*store, domains->suspend(test::tenant("contoso"), suspension, anna)).has_value());

  domains.reset();
  store.reset();
  store = *Store::open(disk, test::turned_settings());
  domains = *DomainStore::open(*store);
  const auto snapshot = domains->snapshot();
  const types::Suspension* found = snapshot->suspension(test::tenant("contoso"));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, (types::Suspension{suspension.new_mail, suspension.inbound, anna.at, "anna", "ticket 7"}));
  EXPECT_EQ(snapshot->suspended(), 1U);
  ASSERT_TRUE(finish(*store, domains->resume(test::tenant("contoso"), anna)).has_value());
  EXPECT_EQ(domains->snapshot()->suspension(test::tenant("contoso")), nullptr);
  EXPECT_EQ(finish(*store, domains->resume(test::tenant("contoso"), anna)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(finish(*store, domains->suspend(test::tenant("contoso"), suspension, anna)).has_value());
  ASSERT_TRUE(finish(*store, domains->remove_tenant(test::tenant("contoso"), anna)).has_value());
  EXPECT_EQ(domains->snapshot()->suspended(), 0U) << "a new tenant of that name starts afresh";
}

TEST(NewTenants, are_made_with_their_domain_or_not_at_all) {
  auto disk = SimulatedDisk::make(32, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto domains = *DomainStore::open(*store);
  const auto made = DomainStore::NewTenants::made;
  ASSERT_TRUE(finish(*store, domains->add({domain("a.example", "contoso"), domain("b.example", "contoso")}, anna, made)).has_value());
  ASSERT_NE(domains->snapshot()->find_tenant(test::tenant("contoso")), nullptr);
  const auto refused = finish(*store, domains->add({domain("c.example", "fabrikam"), domain("a.example", "fabrikam")}, anna, made));
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(domains->snapshot()->find_tenant(test::tenant("fabrikam")), nullptr);
  domains.reset();
  store.reset();
  store = *Store::open(disk, test::turned_settings());
  domains = *DomainStore::open(*store);
  EXPECT_EQ(domains->snapshot()->tenants().size(), 1U);
}

TEST(DkimKeys, facts_survive) {
  auto disk = SimulatedDisk::make(33, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto keys = *DkimStore::open(*store);
  types::DkimKey key;
  key.domain = *types::DomainName::parse("contoso.example");
  key.selector = *types::DomainName::parse("s1");
  key.tenant = test::tenant("contoso");
  key.algorithm = types::DkimAlgorithm::ed25519_sha256;
  key.private_key = "private";
  key.public_key = "public";
  const DkimKeyName name{key.domain, key.selector};
  EXPECT_EQ(finish(*store, keys->activate(name, anna)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(finish(*store, keys->add(key, anna)).has_value());
  EXPECT_EQ(finish(*store, keys->add(key, anna)).error().kind, ErrorKind::conflict);
  EXPECT_FALSE(keys->snapshot()->front().may_sign());
  ASSERT_TRUE(finish(*store, keys->activate(name, anna)).has_value());
  EXPECT_FALSE(keys->snapshot()->front().may_sign()) << "its record was not seen";
  ASSERT_TRUE(finish(*store, keys->note(name, {start_of_time, "there is no TXT record"})).has_value());
  EXPECT_FALSE(keys->snapshot()->front().may_sign());
  ASSERT_TRUE(finish(*store, keys->note(name, {start_of_time, ""})).has_value());
  EXPECT_TRUE(keys->snapshot()->front().may_sign());
  const types::DkimKey before = keys->snapshot()->front();
  keys.reset();
  store.reset();
  store = *Store::open(disk, test::turned_settings());
  keys = *DkimStore::open(*store);
  ASSERT_EQ(keys->snapshot()->size(), 1U);
  EXPECT_EQ(keys->snapshot()->front(), before);
  ASSERT_TRUE(finish(*store, keys->note(name, {start_of_time, "it publishes another key"})).has_value());
  EXPECT_FALSE(keys->snapshot()->front().may_sign()) << "seen once is not enough";
  ASSERT_TRUE(finish(*store, keys->remove(name, anna)).has_value());
  EXPECT_TRUE(keys->snapshot()->empty());
  QueueStore queue(*store);
  const auto rows = finish(*store, queue.ledger("s1._domainkey.contoso.example"));
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(rows->front().action, "dkim.remove");
}

}  // namespace
}  // namespace danewerk::io
