#include "io/store/domain_store.h"

#include <algorithm>

#include "io/store/ledger.h"

namespace danewerk::io {

std::size_t Domains::shard_of(std::string_view name) { return std::hash<std::string_view>{}(name) % shard_count; }

const types::AcceptedDomain* Domains::find(const types::DomainName& domain) const {
  const auto& shard = shards_[shard_of(domain.text())];
  if (!shard) return nullptr;
  const auto found = shard->domains.find(domain);
  return found == shard->domains.end() ? nullptr : &found->second;
}

const types::Tenant* Domains::find_tenant(const types::TenantId& tenant) const {
  const auto& shard = shards_[shard_of(tenant.text())];
  if (!shard) return nullptr;
  const auto found = shard->tenants.find(tenant.text());
  return found == shard->tenants.end() ? nullptr : &found->second;
}

std::vector<types::AcceptedDomain> Domains::list(const std::optional<types::TenantId>& tenant) const {
  std::vector<types::AcceptedDomain> out;
  for (const auto& shard : shards_) {
    if (!shard) continue;
    for (const auto& [name, domain] : shard->domains) {
      if (!tenant || domain.tenant == *tenant) out.push_back(domain);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.domain < b.domain; });
  return out;
}

std::vector<types::Tenant> Domains::tenants() const {
  std::vector<types::Tenant> out;
  for (const auto& shard : shards_) {
    if (!shard) continue;
    for (const auto& [id, tenant] : shard->tenants) out.push_back(tenant);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

Domains::Shard& Domains::own_shard(std::size_t index) {
  auto& shard = shards_[index];
  if (!shard) {
    shard = std::make_shared<Shard>();
  } else if (shard.use_count() > 1) {
    shard = std::make_shared<Shard>(*shard);
  }
  return *shard;
}

void Domains::put(types::AcceptedDomain domain) {
  const types::DomainName name = domain.domain;
  if (own_shard(shard_of(name.text())).domains.insert_or_assign(name, std::move(domain)).second) ++size_;
}

void Domains::put_tenant(types::Tenant tenant) {
  const std::string id = tenant.id.text();
  own_shard(shard_of(id)).tenants.insert_or_assign(id, std::move(tenant));
}

void Domains::erase(const types::DomainName& domain) {
  if (find(domain) != nullptr) size_ -= own_shard(shard_of(domain.text())).domains.erase(domain);
}

void Domains::erase_tenant(const types::TenantId& tenant) {
  if (find_tenant(tenant) != nullptr) own_shard(shard_of(tenant.text())).tenants.erase(tenant.text());
}

Result<std::unique_ptr<DomainStore>> DomainStore::open(Store& store) {
  std::unique_ptr<DomainStore> out(new DomainStore(store));
  TRY_VOID(out->load());
  return out;
}

Result<void> DomainStore::load() {
  auto loaded = std::make_shared<Domains>();
  Database& database = store_.reading_at_start();
  TRY(Rows tenants, database.query("SELECT id, name, created_at, created_by FROM tenant"));
  while (true) {
    TRY(const bool more, tenants.next());
    if (!more) break;
    TRY(auto id, types::TenantId::parse(tenants.text(0)));
    loaded->put_tenant(types::Tenant{id, tenants.text(1), tenants.instant(2), tenants.text(3)});
  }
  TRY(Rows rows, database.query("SELECT domain, tenant, route, created_at, created_by FROM accepted_domain"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) break;
    TRY(auto name, types::DomainName::parse(rows.text(0)));
    TRY(auto tenant, types::TenantId::parse(rows.text(1)));
    TRY(auto route, types::Route::parse(rows.text(2)));
    loaded->put(types::AcceptedDomain{name, tenant, route, rows.instant(3), rows.text(4)});
  }
  shared_->current = std::move(loaded);
  return {};
}

std::shared_ptr<const Domains> DomainStore::snapshot() const {
  const std::lock_guard guard(shared_->mutex);
  return shared_->current;
}

Task<Result<void>> DomainStore::change(Writer::Work work, std::function<void(Domains&)> show) {
  Writer::Answer settled = [shared = shared_, show = std::move(show)](const Result<void>& result) {
    if (!result) return;
    const std::lock_guard guard(shared->mutex);
    auto next = std::make_shared<Domains>(*shared->current);
    show(*next);
    shared->current = std::move(next);
  };
  co_return co_await store_.writer().write(std::move(work), std::move(settled));
}

Task<Result<void>> DomainStore::add_tenant(types::Tenant tenant, types::AdminAct act) {
  tenant.created_at = act.at;
  tenant.created_by = act.who;
  Writer::Work work = [tenant, act](Database& database) -> Result<void> {
    TRY_VOID(database.run("INSERT INTO tenant(id, name, created_at, created_by) VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING",
                          tenant.id.text(), tenant.name, act.at, act.who));
    if (database.changes() == 0) return fail(ErrorKind::conflict, "there is a tenant " + tenant.id.text() + " already");
    return insert_ledger(database, act, tenant.id, "tenant.add", tenant.id.text(), "{}");
  };
  std::function<void(Domains&)> show = [tenant](Domains& domains) { domains.put_tenant(tenant); };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::remove_tenant(types::TenantId tenant, types::AdminAct act) {
  Writer::Work work = [tenant, act](Database& database) -> Result<void> {
    {
      TRY(Rows rows, database.query("SELECT domain FROM accepted_domain WHERE tenant = ?1 LIMIT 1", tenant.text()));
      TRY(const bool has_one, rows.next());
      if (has_one) {
        return fail(ErrorKind::conflict, "tenant " + tenant.text() + " still has domains, " + rows.text(0) +
                                             " for one: remove them first");
      }
    }
    TRY_VOID(database.run("DELETE FROM tenant WHERE id = ?1", tenant.text()));
    if (database.changes() == 0) return fail(ErrorKind::not_found, "there is no tenant " + tenant.text());
    return insert_ledger(database, act, tenant, "tenant.remove", tenant.text(), "{}");
  };
  std::function<void(Domains&)> show = [tenant](Domains& domains) { domains.erase_tenant(tenant); };
  co_return co_await change(std::move(work), std::move(show));
}

namespace {

Result<void> insert_domain(Database& database, const types::AcceptedDomain& domain, const types::AdminAct& act) {
  const std::string name = domain.domain.to_string();
  const std::string route = domain.route.to_string();
  {
    TRY(Rows rows, database.query("SELECT 1 FROM tenant WHERE id = ?1", domain.tenant.text()));
    TRY(const bool known, rows.next());
    if (!known) return fail(ErrorKind::not_found, "domain " + name + ": there is no tenant " + domain.tenant.text());
  }
  TRY_VOID(database.run("INSERT INTO accepted_domain(domain, tenant, route, created_at, created_by) VALUES(?1,?2,?3,?4,?5)"
                        " ON CONFLICT DO NOTHING",
                        name, domain.tenant.text(), route, domain.created_at, domain.created_by));
  if (database.changes() == 0) return fail(ErrorKind::conflict, "domain " + name + " is accepted already");
  return insert_ledger(database, act, domain.tenant, "domain.add", name, "{\"route\":\"" + route + "\"}");
}

}  // namespace

Task<Result<void>> DomainStore::add(std::vector<types::AcceptedDomain> domains, types::AdminAct act) {
  for (auto& domain : domains) {
    domain.created_at = act.at;
    domain.created_by = act.who;
    if (domain.route.endpoints.empty()) {
      co_return fail(ErrorKind::malformed, "domain " + domain.domain.to_string() + ": its route names no endpoint");
    }
  }
  auto shared = std::make_shared<std::vector<types::AcceptedDomain>>(std::move(domains));
  Writer::Work work = [shared, act](Database& database) -> Result<void> {
    for (const auto& domain : *shared) TRY_VOID(insert_domain(database, domain, act));
    return {};
  };
  std::function<void(Domains&)> show = [shared](Domains& next) {
    for (const auto& domain : *shared) next.put(domain);
  };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::change_route(types::DomainName domain, types::Route route, types::AdminAct act) {
  if (route.endpoints.empty()) {
    co_return fail(ErrorKind::malformed, "domain " + domain.to_string() + ": its route names no endpoint");
  }
  Writer::Work work = [domain, route, act](Database& database) -> Result<void> {
    const std::string name = domain.to_string();
    TRY_VOID(database.run("UPDATE accepted_domain SET route = ?2 WHERE domain = ?1", name, route.to_string()));
    if (database.changes() == 0) return fail(ErrorKind::not_found, "domain " + name + " is not accepted here");
    return insert_ledger(database, act, std::nullopt, "domain.route", name, "{\"route\":\"" + route.to_string() + "\"}");
  };
  std::function<void(Domains&)> show = [domain, route](Domains& next) {
    if (const auto* found = next.find(domain)) {
      types::AcceptedDomain changed = *found;
      changed.route = route;
      next.put(std::move(changed));
    }
  };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::remove(types::DomainName domain, types::AdminAct act) {
  Writer::Work work = [domain, act](Database& database) -> Result<void> {
    const std::string name = domain.to_string();
    TRY_VOID(database.run("DELETE FROM accepted_domain WHERE domain = ?1", name));
    if (database.changes() == 0) return fail(ErrorKind::not_found, "domain " + name + " is not accepted here");
    return insert_ledger(database, act, std::nullopt, "domain.remove", name, "{}");
  };
  std::function<void(Domains&)> show = [domain](Domains& next) { next.erase(domain); };
  co_return co_await change(std::move(work), std::move(show));
}

}  // namespace danewerk::io
