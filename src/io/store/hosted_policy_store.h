// HostedPolicyStore: the MTA-STS policies that we serve for domains of ours, durable.
//
// What was served binds senders for as long as they keep it; forgotten at a restart, it could be replaced or taken away too early. So
// a version is written before it is served.
#pragma once

#include <optional>
#include <vector>

#include "io/store/store.h"
#include "types/hosted_policy.h"
#include "types/queued_message.h"

namespace danewerk::io {

/// Thread safe.
class HostedPolicyStore {
 public:
  explicit HostedPolicyStore(Store& store) : store_(store) {}

  /// All of them, by domain. Error: corrupt, naming the domain.
  Task<Result<std::vector<types::HostedPolicy>>> all();
  /// Replaces that of the domain. With `act` a person did it: the ledger has it, as `action`.
  Task<Result<void>> put(types::HostedPolicy hosted, std::optional<types::AdminAct> act, std::string action);
  Task<Result<void>> erase(types::DomainName domain);

 private:
  Store& store_;
};

}  // namespace danewerk::io
