// StsStore: what is known of other domains' MTA-STS policies, durable.
//
// A policy that is forgotten at a restart is a policy an attacker can wait out: he only has to keep the next fetch from
// succeeding (RFC 8461 10.2). So every policy fetched is written before it is relied on any further, and every process that
// shares the store sees it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/store/store.h"
#include "types/sts_memory.h"

namespace danewerk::io {

/// Thread safe.
class StsStore {
 public:
  explicit StsStore(Store& store) : store_(store) {}

  using Row = std::pair<types::DomainName, types::StsMemory>;

  /// Nothing where nothing is known. Error: corrupt, naming the domain.
  Task<Result<std::optional<types::StsMemory>>> find(types::DomainName domain);
  /// Replaces what was known.
  Task<Result<void>> put(types::DomainName domain, types::StsMemory memory);
  /// Only that mail asked for it.
  Task<Result<void>> mark_used(types::DomainName domain, Instant at);
  /// At most `most` rows behind `after` in order of names (the root: from the first); rows that cannot be read are left out.
  Task<Result<std::vector<Row>>> page(types::DomainName after, std::size_t most);
  /// Forgets what ran out and was not asked for since `unused_since`. How many.
  Task<Result<std::size_t>> prune(Instant unused_since, Instant now);

 private:
  Store& store_;
};

}  // namespace danewerk::io
