#include "io/store/dkim_store.h"

#include <algorithm>

#include "io/store/ledger.h"

namespace danewerk::io {
namespace {

constexpr std::string_view all_keys =
    "SELECT domain, selector, tenant, algorithm, private_key, public_key, created_at, created_by, activated_at, seen_at, looked_at, amiss"
    " FROM dkim_key ORDER BY domain, created_at, selector";

Result<types::DkimKey> key_of(const Rows& rows) {
  types::DkimKey key;
  TRY(key.domain, types::DomainName::parse(rows.text(0)));
  TRY(key.selector, types::DomainName::parse(rows.text(1)));
  if (!rows.is_null(2)) {
    TRY(key.tenant, types::TenantId::parse(rows.text(2)));
  }
  const std::string algorithm = rows.text(3);
  if (algorithm == types::to_string(types::DkimAlgorithm::ed25519_sha256)) {
    key.algorithm = types::DkimAlgorithm::ed25519_sha256;
  } else if (algorithm != types::to_string(types::DkimAlgorithm::rsa_sha256)) {
    return fail(ErrorKind::corrupt, "DKIM key " + key.record_name().to_string() + ": unknown algorithm '" + algorithm + "'");
  }
  key.private_key = rows.text(4);
  key.public_key = rows.text(5);
  key.created_at = rows.instant(6);
  key.created_by = rows.text(7);
  key.activated_at = rows.maybe_instant(8);
  key.seen_at = rows.maybe_instant(9);
  key.looked_at = rows.maybe_instant(10);
  key.amiss = rows.text(11);
  return key;
}

std::string label(const DkimKeyName& name) { return name.selector.to_string() + "._domainkey." + name.domain.to_string(); }

Failure<Error> no_key(const DkimKeyName& name) { return fail(ErrorKind::not_found, "there is no DKIM key " + label(name)); }

auto named(const DkimKeyName& name) {
  return [name](const types::DkimKey& key) { return key.domain == name.domain && key.selector == name.selector; };
}

Result<std::optional<types::TenantId>> tenant_of(Database& database, const DkimKeyName& name) {
  TRY(Rows rows, database.query("SELECT tenant FROM dkim_key WHERE domain = ?1 AND selector = ?2", name.domain.to_string(), name.selector.to_string()));
  TRY(const bool there, rows.next());
  if (!there) return no_key(name);
  if (rows.is_null(0)) return std::optional<types::TenantId>{};
  TRY(types::TenantId id, types::TenantId::parse(rows.text(0)));
  return std::optional(std::move(id));
}

}  // namespace

Result<std::unique_ptr<DkimStore>> DkimStore::open(Store& store) {
  std::unique_ptr<DkimStore> out(new DkimStore(store));
  TRY(Rows rows, store.reading_at_start().query(all_keys));
  Keys keys;
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) break;
    TRY(types::DkimKey key, key_of(rows));
    keys.push_back(std::move(key));
  }
  out->kept_.begin_with(std::move(keys));
  return out;
}

Task<Result<void>> DkimStore::add(types::DkimKey key, types::AdminAct act) {
  key.created_at = act.at;
  key.created_by = act.who;
  Writer::Work work = [key, act](Database& database) -> Result<void> {
    std::optional<std::string> tenant;
    if (key.tenant) tenant = key.tenant->text();
    TRY_VOID(database.run("INSERT INTO dkim_key(domain, selector, tenant, algorithm, private_key, public_key, created_at, created_by)"
                          " VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO NOTHING",
                          key.domain.to_string(), key.selector.to_string(), tenant, std::string(types::to_string(key.algorithm)), key.private_key,
                          key.public_key, key.created_at, key.created_by));
    if (database.changes() == 0) return fail(ErrorKind::conflict, "there is a DKIM key " + key.record_name().to_string() + " already; take another selector");
    return insert_ledger(database, act, key.tenant, "dkim.add", key.record_name().to_string(),
                         std::string("{\"algorithm\":\"") + types::to_string(key.algorithm) + "\"}");
  };
  std::function<void(Keys&)> show = [key](Keys& keys) { keys.push_back(key); };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

Task<Result<void>> DkimStore::activate(DkimKeyName name, types::AdminAct act) {
  Writer::Work work = [name, act](Database& database) -> Result<void> {
    TRY(const auto tenant, tenant_of(database, name));
    TRY_VOID(database.run("UPDATE dkim_key SET activated_at = ?3 WHERE domain = ?1 AND selector = ?2", name.domain.to_string(),
                          name.selector.to_string(), act.at));
    return insert_ledger(database, act, tenant, "dkim.activate", label(name), "{}");
  };
  std::function<void(Keys&)> show = [name, at = act.at](Keys& keys) {
    const auto key = std::find_if(keys.begin(), keys.end(), named(name));
    if (key != keys.end()) key->activated_at = at;
  };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

Task<Result<void>> DkimStore::remove(DkimKeyName name, types::AdminAct act) {
  Writer::Work work = [name, act](Database& database) -> Result<void> {
    TRY(const auto tenant, tenant_of(database, name));
    TRY_VOID(database.run("DELETE FROM dkim_key WHERE domain = ?1 AND selector = ?2", name.domain.to_string(), name.selector.to_string()));
    return insert_ledger(database, act, tenant, "dkim.remove", label(name), "{}");
  };
  std::function<void(Keys&)> show = [name](Keys& keys) { std::erase_if(keys, named(name)); };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

Task<Result<void>> DkimStore::note(DkimKeyName name, DkimLook look) {
  std::optional<Instant> seen;
  if (look.amiss.empty()) seen = look.at;
  Writer::Work work = [name, look, seen](Database& database) {
    return database.run("UPDATE dkim_key SET looked_at = ?3, amiss = ?4, seen_at = coalesce(seen_at, ?5) WHERE domain = ?1 AND selector = ?2",
                        name.domain.to_string(), name.selector.to_string(), look.at, look.amiss, seen);
  };
  std::function<void(Keys&)> show = [name, look, seen](Keys& keys) {
    const auto key = std::find_if(keys.begin(), keys.end(), named(name));
    if (key == keys.end()) return;
    key->looked_at = look.at;
    key->amiss = look.amiss;
    if (!key->seen_at) key->seen_at = seen;
  };
  co_return co_await kept_.change(std::move(work), std::move(show));
}

}  // namespace danewerk::io
