// ProofStore: the DNSSEC chains behind deliveries, each kept once however many deliveries rest on it.
//
// That a chain is wanted is written in the same transaction as the attempt (QueueStore::record), so no crash forgets it; the chain
// itself comes later, or the reason why there is none. Chains are octets here; what they mean is engine/dnssec's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/store/store.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// An attempt and what is kept for it.
struct ProvenAttempt {
  std::int64_t number = 0;  ///< names the attempt towards this store
  types::QueueId message;
  types::AttemptEvidence attempt;
  std::string sets;  ///< the chain, where attempt.proof is kept
};

/// Thread safe.
class ProofStore {
 public:
  explicit ProofStore(Store& store) : store_(store) {}

  /// Attempts whose chain is wanted, the oldest first.
  Task<Result<std::vector<ProvenAttempt>>> wanted(std::uint32_t most);
  /// All attempts of a message, oldest first. Empty where it is not known.
  Task<Result<std::vector<ProvenAttempt>>> attempts_of(types::QueueId message);

  /// Keeps the chain for the attempt; `digest` names it: equal digest, equal octets, stored once. Nothing happens if the attempt was
  /// pruned meanwhile.
  Task<Result<void>> keep(std::int64_t attempt, Bytes digest, std::string sets, Instant now);
  /// Notes that there is none, and why.
  Task<Result<void>> give_up(std::int64_t attempt, std::string why);

 private:
  Store& store_;
};

}  // namespace danewerk::io
