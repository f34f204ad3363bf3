// HostStore: which domains' MX hosts may need a change in the zone, and what we wrote at each.
//
// A domain's row and the word that its host may have to change are committed together: the database notes by itself (triggers,
// schema.cc) every domain that comes, goes, or has DNSSEC or DANE asked for or taken back, once a zone_fact "hosts" is there. So no change is lost to a crash,
// whoever made it; nothing is computed for a million others; and after a restart the work left is there.
//
// What stands at a host (types/host_node.h) is written down only after the primary server has taken it. Records that are not
// written down here are not ours.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "io/store/store.h"
#include "types/domain_facts.h"
#include "types/domain_name.h"
#include "types/host_node.h"

namespace danewerk::io {

struct HeldHost {
  types::DomainName host;
  types::DomainName zone;  ///< that holds it
  types::HostNode node;
  friend bool operator==(const HeldHost&, const HeldHost&) = default;
};

struct HostWork {
  std::int64_t id = 0;
  types::DomainName domain;
  std::optional<types::DomainFacts> facts;  ///< nothing: the domain is no longer accepted
  std::optional<HeldHost> held;
};

/// What became of one piece of work.
struct HostDone {
  std::int64_t id = 0;
  types::DomainName domain;
  std::optional<HeldHost> held;  ///< what stands there now; nothing: nothing of ours
  enum class Then : std::uint8_t { finished, look_again } then = Then::finished;
};

struct HostPostponed {
  std::int64_t id = 0;
  std::string fault;
};

struct HostsWaiting {
  std::uint64_t all = 0;     ///< domains noted; not every one needs a change
  std::uint64_t faulty = 0;  ///< of these, put off because of a fault of their own
};

struct HostFault {
  types::DomainName domain;
  std::string fault;
  Instant again_at{};
};

/// Thread safe.
class HostStore {
 public:
  explicit HostStore(Store& store) : store_(store) {}

  /// The oldest work that is due.
  Task<Result<std::vector<HostWork>>> due(Instant now, std::uint32_t most);
  /// Work that was noted anew meanwhile stays.
  Task<Result<void>> settle(std::vector<HostDone> done, Instant at);
  Task<Result<void>> postpone(std::vector<HostPostponed> work, Instant until);
  /// Has every domain looked at again: the settings that say how hosts are held have changed.
  Task<Result<void>> note_all();
  Task<Result<HostsWaiting>> waiting();
  /// How many hosts have records of their own, by zone. Reads them all.
  Task<Result<std::map<types::DomainName, std::uint64_t>>> held();
  /// One host that we believe stands in a zone, with its domain.
  Task<Result<std::optional<std::pair<types::DomainName, HeldHost>>>> sample(types::DomainName zone);
  /// A zone was lost: what was written down of it is forgotten, and its domains are worked through again.
  Task<Result<void>> forget(types::DomainName zone);
  /// Of one domain, or the first `most` of all.
  Task<Result<std::vector<HostFault>>> faults(std::optional<types::DomainName> domain, std::uint32_t most);

 private:
  Store& store_;
};

}  // namespace danewerk::io
