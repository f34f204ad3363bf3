// OwnFaults: does mail wait for something on our own side?
//
// A fault of ours counts toward no limit (engine/retry), so what waits for it waits for ever: a rule that names a smart host or a source
// pool that is not there, a rule that cannot be read, a trust store that is not set. No notice says that it has failed, for it has not.
// So somebody here has to be told. Sick resolvers are alerted by themselves and are left out; of all else the latest is kept, and stands
// as long as rounds of delivery keep meeting one: they try again every quarter of an hour at the latest.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/instant.h"
#include "types/fault.h"

namespace danewerk::app {

/// Thread safe.
class OwnFaults {
 public:
  /// What stood in the way in a round of delivery to `hop`, where something did.
  void note(const std::string& hop, const std::optional<types::Fault>& fault, Instant now);
  /// The text of the alert that is to stand now; nothing where there is none.
  std::optional<std::string> standing(Instant now) const;

 private:
  struct Last {
    std::string hop;
    types::Fault fault;
    Instant at{};
  };
  mutable std::mutex mutex_;
  std::optional<Last> last_;
};

}  // namespace danewerk::app
