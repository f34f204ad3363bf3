// ProofKeeper: keeps the DNSSEC chain behind deliveries, after the fact and beside the mail.
//
// A delivery only notes, with its result, that a chain is wanted. This keeper works through these notes, a few at a time, asks the
// resolver for the records, has them verified by engine/dnssec exactly as an auditor will, keeps what is needed, or writes down why
// there is none. Mail never waits for it. Deliveries to one destination share a chain: within `reuse` the same one is verified for
// the new instant instead of being gathered again, and stored once.
//
// Nothing is kept that does not verify: a proof that fails years later would be worse than none.
#pragma once

#include <functional>

#include "engine/dnssec/document.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/proof_store.h"
#include "service/prover/collect.h"

namespace danewerk::service {

struct ProverParts {
  io::ProofStore& store;
  io::Clock& clock;
  io::Log& log;
  engine::dnssec::Crypto crypto;
  AskSigned ask;
  /// The root's keys, read anew each time: they may be renewed while we run. Error: what is wrong with the file.
  std::function<Result<std::vector<engine::dnssec::TrustAnchor>>()> anchors;
};

/// The cryptography of io/tls.
engine::dnssec::Crypto real_crypto();

/// One reactor only. What the parts refer to outlives it.
class ProofKeeper {
 public:
  explicit ProofKeeper(ProverParts parts) : parts_(std::move(parts)) {}

  /// Works through what is wanted, for ever; looks for more every two seconds.
  io::Task<> run();
  /// Gathers and keeps the chain of one attempt now. Error: why there is none; noted with the attempt as well.
  io::Task<Result<void>> keep(io::ProvenAttempt attempt);

 private:
  struct Known {
    Instant gathered{};
    std::vector<engine::dnssec::RecordSet> sets;
  };
  io::Task<bool> keep_wanted(io::ProvenAttempt attempt);
  io::Task<Result<std::vector<engine::dnssec::RecordSet>>> proven_sets(engine::dnssec::Claim claim);
  io::Task<Result<void>> keep_once(io::ProvenAttempt attempt);

  ProverParts parts_;
  std::map<std::string, Known> known_;
};

}  // namespace danewerk::service
