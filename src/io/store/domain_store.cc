#include "io/store/domain_store.h"

#include <algorithm>

#include "base/check.h"
#include "io/store/domain_rows.h"
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

std::vector<types::AcceptedDomain> Domains::part(std::size_t index, const std::function<bool(const types::AcceptedDomain&)>& wanted) const {
  CHECK(index < part_count);
  constexpr std::size_t shards_in_part = shard_count / part_count;
  static_assert(shards_in_part * part_count == shard_count);
  std::vector<types::AcceptedDomain> out;
  for (std::size_t at = index * shards_in_part; at < (index + 1) * shards_in_part; ++at) {
    if (!shards_[at]) continue;
    for (const auto& [name, domain] : shards_[at]->domains) {
      if (wanted(domain)) out.push_back(domain);
    }
  }
  return out;
}

const types::Suspension* Domains::suspension(const types::TenantId& tenant) const {
  if (!suspensions_) return nullptr;
  const auto found = suspensions_->find(tenant.text());
  return found == suspensions_->end() ? nullptr : &found->second;
}

void Domains::put_suspension(const types::TenantId& tenant, std::optional<types::Suspension> suspension) {
  auto next = suspensions_ ? std::make_shared<Suspensions>(*suspensions_) : std::make_shared<Suspensions>();
  if (suspension) {
    next->insert_or_assign(tenant.text(), *std::move(suspension));
  } else {
    next->erase(tenant.text());
  }
  suspensions_ = std::move(next);
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

void Domains::put_facts(const types::DomainName& domain, const types::DomainFacts& facts) {
  if (find(domain) != nullptr) own_shard(shard_of(domain.text())).domains.find(domain)->second.facts = facts;
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
  TRY_VOID(load_domains(*loaded));
  TRY(Rows held, database.query("SELECT tenant, new_mail, inbound, at, who, why FROM tenant_suspension"));
  while (true) {
    TRY(const bool more, held.next());
    if (!more) break;
    TRY(auto tenant, types::TenantId::parse(held.text(0)));
    loaded->put_suspension(tenant, types::Suspension{static_cast<types::Suspension::NewMail>(held.number(1)),
                                                     static_cast<types::Suspension::Inbound>(held.number(2)), held.instant(3), held.text(4), held.text(5)});
  }
  shared_->current = std::move(loaded);
  return {};
}

Result<void> DomainStore::load_domains(Domains& into) {
  TRY(Rows rows, store_.reading_at_start().query("SELECT domain, tenant, route, created_at, created_by" FACTS_COLUMNS " FROM accepted_domain"));
  while (true) {
    TRY(const bool more, rows.next());
    if (!more) return {};
    TRY(auto name, types::DomainName::parse(rows.text(0)));
    TRY(auto tenant, types::TenantId::parse(rows.text(1)));
    TRY(auto route, types::Route::parse(rows.text(2)));
    into.put(types::AcceptedDomain{name, tenant, route, rows.instant(3), rows.text(4), read_facts(rows, 5)});
  }
}

std::shared_ptr<const Domains> DomainStore::snapshot() const {
  const std::lock_guard guard(shared_->mutex);
  return shared_->current;
}

Task<Result<void>> DomainStore::change(Writer::Work work, std::function<void(Domains&)> show) {
  Writer::Answer settled = [shared = shared_, show = std::move(show)](const Result<void>& result) {
    if (!result) return;
    std::shared_ptr<const Domains> current;
    {
      const std::lock_guard guard(shared->mutex);
      current = shared->current;
    }
    auto next = std::make_shared<Domains>(*current);  // on the one thread that ever changes it: readers need not wait
    show(*next);
    const std::lock_guard guard(shared->mutex);
    shared->current = std::move(next);
  };
  co_return co_await store_.writer().write(std::move(work), std::move(settled));
}

namespace {

Result<bool> knows_tenant(Database& database, const types::TenantId& tenant) {
  TRY(Rows rows, database.query("SELECT 1 FROM tenant WHERE id = ?1", tenant.text()));
  return rows.next();
}

Result<void> insert_tenant(Database& database, const types::Tenant& tenant, const types::AdminAct& act) {
  TRY_VOID(database.run("INSERT INTO tenant(id, name, created_at, created_by) VALUES(?1,?2,?3,?4) ON CONFLICT DO NOTHING", tenant.id.text(), tenant.name,
                        act.at, act.who));
  if (database.changes() == 0) return fail(ErrorKind::conflict, "there is a tenant " + tenant.id.text() + " already");
  return insert_ledger(database, act, tenant.id, "tenant.add", tenant.id.text(), "{}");
}

}  // namespace

Task<Result<void>> DomainStore::add_tenant(types::Tenant tenant, types::AdminAct act) {
  tenant.created_at = act.at;
  tenant.created_by = act.who;
  Writer::Work work = [tenant, act](Database& database) { return insert_tenant(database, tenant, act); };
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
    TRY_VOID(database.run("DELETE FROM tenant_suspension WHERE tenant = ?1", tenant.text()));
    return insert_ledger(database, act, tenant, "tenant.remove", tenant.text(), "{}");
  };
  std::function<void(Domains&)> show = [tenant](Domains& domains) {
    domains.erase_tenant(tenant);
    domains.put_suspension(tenant, std::nullopt);
  };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::suspend(types::TenantId tenant, types::Suspension suspension, types::AdminAct act) {
  suspension.at = act.at;
  suspension.who = act.who;
  suspension.why = act.why;
  Writer::Work work = [tenant, suspension, act](Database& database) -> Result<void> {
    TRY(const bool known, knows_tenant(database, tenant));
    if (!known) return fail(ErrorKind::not_found, "there is no tenant " + tenant.text());
    TRY_VOID(database.run("INSERT OR REPLACE INTO tenant_suspension(tenant, new_mail, inbound, at, who, why) VALUES(?1,?2,?3,?4,?5,?6)", tenant.text(),
                          suspension.new_mail, suspension.inbound, act.at, act.who, act.why));
    const bool refuse = suspension.new_mail == types::Suspension::NewMail::refuse;
    const bool stopped = suspension.inbound == types::Suspension::Inbound::stopped;
    return insert_ledger(database, act, tenant, "tenant.suspend", tenant.text(),
                         std::string("{\"new_mail\":\"") + (refuse ? "refuse" : "later") + "\",\"inbound\":\"" + (stopped ? "stopped" : "continues") + "\"}");
  };
  std::function<void(Domains&)> show = [tenant, suspension](Domains& domains) { domains.put_suspension(tenant, suspension); };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::resume(types::TenantId tenant, types::AdminAct act) {
  Writer::Work work = [tenant, act](Database& database) -> Result<void> {
    TRY_VOID(database.run("DELETE FROM tenant_suspension WHERE tenant = ?1", tenant.text()));
    if (database.changes() == 0) return fail(ErrorKind::not_found, "tenant " + tenant.text() + " is not suspended");
    return insert_ledger(database, act, tenant, "tenant.resume", tenant.text(), "{}");
  };
  std::function<void(Domains&)> show = [tenant](Domains& domains) { domains.put_suspension(tenant, std::nullopt); };
  co_return co_await change(std::move(work), std::move(show));
}

namespace {

/// The tenant where it had to be made.
Result<std::optional<types::Tenant>> insert_domain(Database& database, const types::AcceptedDomain& domain, const types::AdminAct& act,
                                                   DomainStore::NewTenants new_tenants) {
  const std::string name = domain.domain.to_string();
  const std::string route = domain.route.to_string();
  std::optional<types::Tenant> made;
  TRY(const bool known, knows_tenant(database, domain.tenant));
  if (!known && new_tenants == DomainStore::NewTenants::refused) {
    return fail(ErrorKind::not_found, "domain " + name + ": there is no tenant " + domain.tenant.text());
  }
  if (!known) {
    made = types::Tenant{domain.tenant, domain.tenant.text(), act.at, act.who};
    TRY_VOID(insert_tenant(database, *made, act));
  }
  TRY_VOID(insert_accepted(database, domain));
  if (database.changes() == 0) return fail(ErrorKind::conflict, "domain " + name + " is accepted already");
  TRY_VOID(insert_ledger(database, act, domain.tenant, "domain.add", name, "{\"route\":\"" + route + "\"}"));
  return made;
}

}  // namespace

Task<Result<void>> DomainStore::add(std::vector<types::AcceptedDomain> domains, types::AdminAct act, NewTenants new_tenants) {
  for (auto& domain : domains) {
    domain.created_at = act.at;
    domain.created_by = act.who;
    if (domain.facts == types::DomainFacts{}) {
      domain.facts.verified = act.at;
      domain.facts.proof = types::ControlProof::operator_word;
    }
    if (domain.route.endpoints.empty()) {
      co_return fail(ErrorKind::malformed, "domain " + domain.domain.to_string() + ": its route names no endpoint");
    }
  }
  struct Job {
    std::vector<types::AcceptedDomain> domains;
    std::vector<types::Tenant> tenants;  // made along with them
  };
  auto job = std::make_shared<Job>(Job{std::move(domains), {}});
  Writer::Work work = [job, act, new_tenants](Database& database) -> Result<void> {
    job->tenants.clear();
    for (const auto& domain : job->domains) {
      TRY(auto made, insert_domain(database, domain, act, new_tenants));
      if (made) job->tenants.push_back(*std::move(made));
    }
    return {};
  };
  std::function<void(Domains&)> show = [job](Domains& next) {
    for (const auto& tenant : job->tenants) next.put_tenant(tenant);
    for (const auto& domain : job->domains) next.put(domain);
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
    TRY_VOID(database.run("DELETE FROM domain_finding WHERE domain = ?1", name));
    return insert_ledger(database, act, std::nullopt, "domain.remove", name, "{}");
  };
  std::function<void(Domains&)> show = [domain](Domains& next) { next.erase(domain); };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::note(std::vector<FactsChange> changes) {
  auto job = std::make_shared<std::vector<FactsChange>>(std::move(changes));
  auto done = std::make_shared<std::vector<const FactsChange*>>();
  Writer::Work work = [job, done](Database& database) -> Result<void> {
    done->clear();
    for (const FactsChange& change : *job) {
      TRY(const auto now, find_facts(database, change.domain));
      if (!now || *now != change.before) continue;
      TRY_VOID(update_facts(database, change.domain, change.after));
      done->push_back(&change);
    }
    return {};
  };
  std::function<void(Domains&)> show = [job, done](Domains& next) {
    for (const FactsChange* change : *done) next.put_facts(change->domain, change->after);
  };
  co_return co_await change(std::move(work), std::move(show));
}

Task<Result<void>> DomainStore::ask(std::vector<FactsChange> changes, std::string action, types::AdminAct act) {
  auto job = std::make_shared<std::vector<FactsChange>>(std::move(changes));
  Writer::Work work = [job, action = std::move(action), act](Database& database) -> Result<void> {
    for (const FactsChange& change : *job) {
      const std::string name = change.domain.to_string();
      TRY(const auto now, find_facts(database, change.domain));
      if (!now) return fail(ErrorKind::not_found, "domain " + name + " is not accepted here");
      if (*now != change.before) return fail(ErrorKind::conflict, "domain " + name + " was changed meanwhile; look again and try again");
      TRY_VOID(update_facts(database, change.domain, change.after));
      TRY_VOID(insert_ledger(database, act, std::nullopt, action, name, "{}"));
    }
    return {};
  };
  std::function<void(Domains&)> show = [job](Domains& next) {
    for (const FactsChange& change : *job) next.put_facts(change.domain, change.after);
  };
  co_return co_await change(std::move(work), std::move(show));
}

}  // namespace danewerk::io
