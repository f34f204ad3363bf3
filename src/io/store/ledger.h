// Ledger: what people changed: who, when, why. Rows are only ever added, in the transaction that makes the change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/store/database.h"
#include "types/queued_message.h"

namespace danewerk::io {

struct LedgerRow {
  types::AdminAct act;
  std::optional<types::TenantId> tenant;
  std::string action;   ///< "queue.drop", "domain.add", ...
  std::string subject;  ///< the queue id, the domain, the key's id
  std::string detail;   ///< JSON
};

/// Part of the caller's transaction.
Result<void> insert_ledger(Database& database, const types::AdminAct& act, const std::optional<types::TenantId>& tenant,
                           std::string_view action, std::string_view subject, std::string_view detail);

/// The newest `most` rows, newest first; of one subject if given.
Result<std::vector<LedgerRow>> read_ledger(Database& database, const std::optional<std::string>& subject, std::uint32_t most);

}  // namespace danewerk::io
