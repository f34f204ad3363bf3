// FindingStore: what the last look at each domain found wrong, and since when.
//
// A fault is told once when it begins and once when it is over, also across restarts; and the faults of a million domains do not
// lie in memory. So they are rows, compared with the new ones in one transaction.
#pragma once

#include <vector>

#include "io/store/store.h"
#include "types/domain_name.h"
#include "types/finding.h"

namespace danewerk::io {

struct StandingFinding {
  types::DomainName domain;
  types::Finding finding;  ///< without remedy and record
  Instant since{};
};

struct FindingCount {
  std::string code;
  types::Severity severity = types::Severity::warning;
  types::Party whose = types::Party::unsaid;
  std::uint64_t domains = 0;
};

/// Thread safe.
class FindingStore {
 public:
  explicit FindingStore(Store& store) : store_(store) {}

  struct Change {
    std::vector<types::Finding> begun;
    std::vector<StandingFinding> over;
  };
  /// These are the findings of the domain now; notices are not kept, and of one code the first counts.
  Task<Result<Change>> replace(types::DomainName domain, std::vector<types::Finding> findings, Instant now);
  /// One domain's.
  Task<Result<std::vector<StandingFinding>>> of(types::DomainName domain);
  /// Errors that are ours to put right; by domain, at most `most`.
  Task<Result<std::vector<StandingFinding>>> our_errors(std::uint32_t most);
  /// How many domains have each. Reads all that stand.
  Task<Result<std::vector<FindingCount>>> counts();

 private:
  Store& store_;
};

}  // namespace danewerk::io
