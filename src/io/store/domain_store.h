// DomainStore: tenants and accepted domains, durable, and as an immutable snapshot for everybody who asks per message.
//
// Every RCPT asks "is this domain ours, and where does it go?", on every core; the answer changes a few times a day. So
// readers take a snapshot (one shared_ptr) and look up without locks or I/O. A change is committed with its ledger row
// first and shown in the next snapshot after. The snapshot is cut into shards of some 30 domains at a million, so that a batch of
// 2,000 among a million copies 60,000 and not all of them.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/store/store.h"
#include "types/accepted_domain.h"
#include "types/queued_message.h"
#include "types/suspension.h"

namespace danewerk::io {

/// What was accepted at one moment. Immutable once shared.
class Domains {
 public:
  /// Null if the domain is not ours. Valid while the snapshot is held.
  const types::AcceptedDomain* find(const types::DomainName& domain) const;
  const types::Tenant* find_tenant(const types::TenantId& tenant) const;
  std::size_t size() const noexcept { return size_; }
  /// Those of one tenant, or all; by name. Slow: for listings.
  std::vector<types::AcceptedDomain> list(const std::optional<types::TenantId>& tenant) const;
  std::vector<types::Tenant> tenants() const;
  /// One part of them, 0 to part_count - 1: for walking over a million without holding up the reactor. A part is several shards.
  std::vector<types::AcceptedDomain> part(std::size_t index, const std::function<bool(const types::AcceptedDomain&)>& wanted) const;
  static constexpr std::size_t part_count = 1024;
  /// Null if the tenant is not suspended. Valid while the snapshot is held.
  const types::Suspension* suspension(const types::TenantId& tenant) const;
  std::size_t suspended() const noexcept { return suspensions_ ? suspensions_->size() : 0; }

 private:
  friend class DomainStore;
  struct Shard {
    std::unordered_map<types::DomainName, types::AcceptedDomain> domains;
    std::unordered_map<std::string, types::Tenant> tenants;
  };
  static constexpr std::size_t shard_count = 32768;  // what is copied at a change is the shards it touches
  static std::size_t shard_of(std::string_view name);
  void put(types::AcceptedDomain domain);
  void put_facts(const types::DomainName& domain, const types::DomainFacts& facts);
  void put_tenant(types::Tenant tenant);
  void erase(const types::DomainName& domain);
  void erase_tenant(const types::TenantId& tenant);
  /// To be changed: a copy, unless this snapshot is the only one that has it.
  Shard& own_shard(std::size_t index);

  using Suspensions = std::map<std::string, types::Suspension>;
  void put_suspension(const types::TenantId& tenant, std::optional<types::Suspension> suspension);

  std::array<std::shared_ptr<Shard>, shard_count> shards_;
  std::shared_ptr<const Suspensions> suspensions_;  // few: copied at a change
  std::size_t size_ = 0;
};

/// Thread safe.
class DomainStore {
 public:
  /// Reads everything. Before any task uses the store. Error: corrupt.
  static Result<std::unique_ptr<DomainStore>> open(Store& store);

  std::shared_ptr<const Domains> snapshot() const;

  /// Error: conflict if there is one of that id.
  Task<Result<void>> add_tenant(types::Tenant tenant, types::AdminAct act);
  /// Error: conflict while it has domains; not_found.
  Task<Result<void>> remove_tenant(types::TenantId tenant, types::AdminAct act);
  /// Replaces an earlier suspension. `at`, `who` and `why` are taken from the act. Error: not_found.
  Task<Result<void>> suspend(types::TenantId tenant, types::Suspension suspension, types::AdminAct act);
  /// Error: not_found, also where it is not suspended.
  Task<Result<void>> resume(types::TenantId tenant, types::AdminAct act);

  enum class NewTenants : std::uint8_t { refused, made };
  /// All or none, in one transaction, tenants that it makes included. `created_at` and `created_by` are taken from the act. One
  /// that brings no facts at all has the operator's word.
  /// Errors: conflict, naming a domain that is taken; not_found, naming a tenant that is not there and was not to be made.
  Task<Result<void>> add(std::vector<types::AcceptedDomain> domains, types::AdminAct act, NewTenants new_tenants = NewTenants::refused);
  /// Error: not_found.
  Task<Result<void>> change_route(types::DomainName domain, types::Route route, types::AdminAct act);
  Task<Result<void>> remove(types::DomainName domain, types::AdminAct act);

  /// What has become of a domain since.
  struct FactsChange {
    types::DomainName domain;
    types::DomainFacts before;  ///< as they were when the change was decided
    types::DomainFacts after;
  };
  /// What looks have shown: all of them in one transaction, without ledger rows. A domain that is gone, or whose facts are other
  /// ones by now than `before`, is left as it is: the next look decides afresh.
  Task<Result<void>> note(std::vector<FactsChange> changes);
  /// What a person asked for: one or many, each with its ledger row (`action` like "domain.enable-dane"), all or none. Errors:
  /// conflict where the facts of one are no longer `before`; not_found.
  Task<Result<void>> ask(std::vector<FactsChange> changes, std::string action, types::AdminAct act);

 private:
  explicit DomainStore(Store& store) : shared_(std::make_shared<Shared>()), store_(store) {}
  struct Shared {
    mutable std::mutex mutex;
    std::shared_ptr<const Domains> current = std::make_shared<Domains>();
  };
  Result<void> load();
  Result<void> load_domains(Domains& into);
  /// `work` in a transaction; after its commit `show` changes the next snapshot, on the writer's thread: in commit order.
  Task<Result<void>> change(Writer::Work work, std::function<void(Domains&)> show);

  std::shared_ptr<Shared> shared_;
  Store& store_;
};

}  // namespace danewerk::io
