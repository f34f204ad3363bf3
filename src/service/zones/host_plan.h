// What is to be done for a batch of domains: which need nothing, which change the zone, which cannot.
//
// Pure: work from the store and settings in, steps out. One domain's step never depends on another's, but for the bound on the
// hosts of one zone.
#pragma once

#include <map>
#include <vector>

#include "engine/zone/host_nodes.h"
#include "io/store/host_store.h"

namespace danewerk::service {

struct HostStep {
  std::int64_t id = 0;
  types::DomainName domain;
  types::DomainName host;
  types::HostNode held;
  types::HostNode wanted;
  bool look_again = false;  ///< this step only takes away what stands at a former name; the work stays
  types::ZoneChange change;

  /// What is written down once the primary has taken it.
  io::HostDone done() const;
};

struct HostPlan {
  std::vector<io::HostDone> nothing_to_do;
  std::vector<io::HostPostponed> no_room;
  std::map<types::DomainName, std::vector<HostStep>> by_zone;
};

/// Hosts with records of their own, by zone.
using HostCounts = std::map<types::DomainName, std::uint64_t>;

/// `most` bounds the hosts of each explicit shard's zone.
HostPlan plan_hosts(const zone::MxZone& zone, const std::vector<io::HostWork>& work, HostCounts counts, std::uint64_t most);

}  // namespace danewerk::service
