// DkimStore: the keys that sign our tenants' mail, and what was seen of their records.
//
// Private keys lie in the database as PEM, like those of certificates; the file is readable by its owner only. Every change a
// person makes leaves a ledger row in the same commit; what a look at the DNS found is no change of a person's.
#pragma once

#include "io/store/kept.h"
#include "types/dkim_key.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// Names a key.
struct DkimKeyName {
  types::DomainName domain;
  types::DomainName selector;
};

/// What one look at the key's record found. `seen`: as it should be; else `amiss` says why not.
struct DkimLook {
  Instant at{};
  std::string amiss;
};

/// Thread safe.
class DkimStore {
 public:
  using Keys = std::vector<types::DkimKey>;
  /// Reads everything. Before any task uses the store. Error: corrupt.
  static Result<std::unique_ptr<DkimStore>> open(Store& store);

  std::shared_ptr<const Keys> snapshot() const { return kept_.snapshot(); }

  /// `created_at` and `created_by` are taken from the act. Error: conflict if there is one of that name.
  Task<Result<void>> add(types::DkimKey key, types::AdminAct act);
  /// Error: not_found.
  Task<Result<void>> activate(DkimKeyName name, types::AdminAct act);
  /// The private half is gone for good. Error: not_found.
  Task<Result<void>> remove(DkimKeyName name, types::AdminAct act);
  /// A key that was removed meanwhile is no error.
  Task<Result<void>> note(DkimKeyName name, DkimLook look);

 private:
  explicit DkimStore(Store& store) : kept_(store) {}
  Kept<types::DkimKey> kept_;
};

}  // namespace danewerk::io
