// ConnectorStore: the operator's rules for destinations, durable, and as an immutable snapshot for every delivery.
//
// Each round of each message asks "which rule is for this?"; rules change a few times a day. So readers take a snapshot,
// as with DomainStore, and a change is committed with its ledger rows before anybody sees it.
//
// What a change means is not decided here: the caller gives a function that is run inside the transaction, on the rules
// as they stand there, and says what to write. A row that cannot be read (a newer program's word, a damaged file) does
// not keep the store from opening: it stays in its place as a BrokenConnector, and mail it may be meant for waits.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/store/store.h"
#include "types/connector.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// The rules at one moment. Immutable once shared.
class Connectors {
 public:
  /// Each owner's rules together, by place.
  explicit Connectors(std::vector<types::StoredConnector> rules);
  Connectors() = default;

  const std::vector<types::StoredConnector>& all() const noexcept { return all_; }
  /// Those of which not even the owner can be read.
  std::span<const types::StoredConnector> adrift() const noexcept { return part("?"); }
  std::span<const types::StoredConnector> for_all() const noexcept { return part("*"); }
  std::span<const types::StoredConnector> of(const types::TenantId& tenant) const noexcept { return part(tenant.text()); }

 private:
  std::span<const types::StoredConnector> part(const std::string& owner) const noexcept;

  std::vector<types::StoredConnector> all_;
  struct Range {
    std::size_t begin = 0;
    std::size_t count = 0;
  };
  std::unordered_map<std::string, Range> parts_;
};

/// Says what to write, given the rules as they stand. May be called twice; must not block.
using ConnectorEditor = std::function<Result<types::ConnectorEdit>(const std::vector<types::StoredConnector>&)>;

/// Thread safe.
class ConnectorStore {
 public:
  /// Reads everything. Before any task uses the store.
  static Result<std::unique_ptr<ConnectorStore>> open(Store& store);

  std::shared_ptr<const Connectors> snapshot() const;

  /// One transaction: the edit and a ledger row for each of its notes. Returns what was written. Errors: the editor's;
  /// conflict, if a rule's tenant does not exist.
  Task<Result<types::ConnectorEdit>> change(ConnectorEditor editor, types::AdminAct act);

 private:
  explicit ConnectorStore(Store& store) : shared_(std::make_shared<Shared>()), store_(store) {}
  struct Shared {
    mutable std::mutex mutex;
    std::shared_ptr<const Connectors> current = std::make_shared<Connectors>();
  };

  std::shared_ptr<Shared> shared_;
  Store& store_;
};

}  // namespace danewerk::io
