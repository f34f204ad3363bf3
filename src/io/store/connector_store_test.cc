#include "io/store/connector_store.h"

#include <gtest/gtest.h>

#include "io/store/domain_store.h"
#include "io/store/schema.h"
#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using test::anna;
using test::finish;
using test::start_of_time;

types::Connector rule(const char* id, std::uint32_t place, const char* owner = "*") {
  return {*types::ConnectorId::parse(id), *types::parse_owner(owner), place, *types::RecipientPattern::parse("*.bank.example"),
          types::DaneMode::mandatory, types::StsMode::audit, types::TlsMode::verify,
          {types::ReferenceName(*types::DomainName::parse("a.example")), types::ReferenceName(*types::DomainName::parse("b.example"))},
          *types::NextHop::parse("[relay.example]:587"), {*types::IpAddress::parse("192.0.2.7"), *types::IpAddress::parse("2001:db8::7")},
          "anna", "a contract", start_of_time, start_of_time + std::chrono::hours(24)};
}

ConnectorEditor putting(std::vector<types::Connector> rules) {
  return [rules = std::move(rules)](const std::vector<types::StoredConnector>&) -> Result<types::ConnectorEdit> {
    types::ConnectorEdit edit{rules, {}, {}};
    for (const types::Connector& one : rules) edit.notes.push_back({one.owner, "connector.add", one.id.to_string(), "{}"});
    return edit;
  };
}

std::string names(std::span<const types::StoredConnector> rules) {
  std::string out;
  for (const auto& one : rules) {
    const auto* sound = std::get_if<types::Connector>(&one);
    out += (out.empty() ? "" : " ") + (sound != nullptr ? sound->id.to_string() : "!" + std::get<types::BrokenConnector>(one).id);
  }
  return out;
}

TEST(ConnectorStore, what_is_put_is_there_after_a_power_cut_with_its_ledger_row) {
  auto disk = SimulatedDisk::make(31, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto domains = *DomainStore::open(*store);
  auto connectors = *ConnectorStore::open(*store);
  ASSERT_TRUE(finish(*store, domains->add_tenant({test::tenant("contoso"), "Contoso", {}, ""}, anna)).has_value());
  const auto before = connectors->snapshot();
  const auto plain = types::Connector{*types::ConnectorId::parse("plain"), {}, 2, {}, {}, {}, {}, {}, {}, {}, "anna", "r", start_of_time, {}};
  ASSERT_TRUE(finish(*store, connectors->change(putting({rule("full", 1), plain, rule("own", 1, "contoso")}), anna)).has_value());
  EXPECT_TRUE(before->all().empty()) << "a snapshot never changes";
  const auto nobody = finish(*store, connectors->change(putting({rule("x", 1, "fabrikam")}), anna));
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind, ErrorKind::not_found) << nobody.error().what;
  EXPECT_EQ(connectors->snapshot()->all().size(), 3U);

  connectors.reset();
  domains.reset();
  store.reset();
  disk = disk->after_power_cut({});
  store = *Store::open(disk, test::turned_settings());
  connectors = *ConnectorStore::open(*store);
  const auto after = connectors->snapshot();
  EXPECT_EQ(names(after->for_all()), "full plain");
  EXPECT_EQ(names(after->of(test::tenant("contoso"))), "own");
  EXPECT_EQ(names(after->of(test::tenant("fabrikam"))), "");
  EXPECT_EQ(std::get<types::Connector>(after->for_all()[0]), rule("full", 1));
  EXPECT_EQ(std::get<types::Connector>(after->for_all()[1]), plain);
  QueueStore queue(*store);
  EXPECT_EQ(finish(*store, queue.ledger("own"))->at(0).tenant, test::tenant("contoso"));
}

TEST(ConnectorStore, the_editor_sees_what_is_committed_and_its_refusal_changes_nothing) {
  auto store = *Store::open(SimulatedDisk::make(32, {}), test::turned_settings());
  auto connectors = *ConnectorStore::open(*store);
  ASSERT_TRUE(finish(*store, connectors->change(putting({rule("a", 1), rule("b", 2)}), anna)).has_value());
  const ConnectorEditor refuse = [](const std::vector<types::StoredConnector>& rules) -> Result<types::ConnectorEdit> {
    return fail(ErrorKind::conflict, names(rules));
  };
  EXPECT_EQ(finish(*store, connectors->change(refuse, anna)).error().what, "a b");
  const ConnectorEditor remove = [](const std::vector<types::StoredConnector>&) -> Result<types::ConnectorEdit> {
    return types::ConnectorEdit{{rule("b", 1)}, {"a"}, {}};
  };
  ASSERT_TRUE(finish(*store, connectors->change(remove, anna)).has_value());
  EXPECT_EQ(names(connectors->snapshot()->all()), "b");
}

// A row that a newer program, or damage, made unreadable must neither vanish nor keep the program from starting.
TEST(ConnectorStore, an_unreadable_row_stays_as_what_is_still_known_of_it) {
  auto disk = SimulatedDisk::make(33, {});
  auto store = *Store::open(disk, test::turned_settings());
  auto connectors = *ConnectorStore::open(*store);
  ASSERT_TRUE(finish(*store, connectors->change(putting({rule("a", 1), rule("b", 2), rule("c", 3), rule("d", 4)}), anna)).has_value());
  Writer::Work damage = [](Database& database) -> Result<void> {
    TRY_VOID(database.run("UPDATE connector SET dane = 'strictest' WHERE id = 'a'"));
    TRY_VOID(database.run("UPDATE connector SET pattern = '' WHERE id = 'b'"));
    return database.run("UPDATE connector SET owner = '' WHERE id = 'c'");
  };
  ASSERT_TRUE(finish(*store, store->writer().write(std::move(damage))).has_value());
  connectors.reset();
  connectors = *ConnectorStore::open(*store);
  const auto rules = connectors->snapshot();
  EXPECT_EQ(names(rules->for_all()), "!a !b d");
  EXPECT_EQ(names(rules->adrift()), "!c");
  const auto& a = std::get<types::BrokenConnector>(rules->for_all()[0]);
  EXPECT_EQ(a.pattern->to_string(), "*.bank.example");
  EXPECT_EQ(a.fault, "dane: 'strictest' is none of opportunistic, mandatory, none, audit");
  EXPECT_FALSE(std::get<types::BrokenConnector>(rules->for_all()[1]).pattern.has_value());
}

}  // namespace
}  // namespace danewerk::io
