// PlainNodes: in a zone of wildcard shards, gives the host of each domain whose DANE is off a node of its own, and takes it away.
//
// The wildcard answers with TLSA records for every host. A domain whose DANE is off gets A and AAAA at its own host: they stop the
// wildcard for it and for all names below it (RFC 4592 2.2.1), so that a resolver finds addresses and, securely, no TLSA. When DANE
// is switched on, the node goes and the wildcard answers again. Nothing of this touches the served keys: a TLSA record that some
// cache still holds is right all the time.
//
// What is due comes from the store (node_store.h), one message's worth at a time. Each change names exactly what we believe is
// there (DDNS-02). Where that is refused, each host is looked at by itself, by prerequisites, for a query would be answered from the
// wildcard: what stands there may be as wanted already (an answer that a crash took from us), ours in an earlier state, or somebody
// else's: that is told and left alone. Where nothing is due, some of the nodes we wrote are looked for, in turn, so that a zone
// that was made anew or restored from a copy gets them back.
//
// It works within the publisher's turns, because a zone has one writer. Explicit shards are not its business.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/zone/host_nodes.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/node_store.h"
#include "service/publisher/zone_access.h"

namespace danewerk::service {

class PlainNodes {
 public:
  /// All of it outlives the object.
  PlainNodes(zone::MxZone zone, io::NodeStore& store, ZoneAccess& access, io::Clock& clock, io::Log& log)
      : zone_(std::move(zone)), store_(store), access_(access), clock_(clock), log_(log) {}
  PlainNodes(const PlainNodes&) = delete;
  PlainNodes& operator=(const PlainNodes&) = delete;

  /// True if there may be more to do right now. Error: what the primary or the store says.
  io::Task<Result<bool>> round();
  /// Has the host of a domain looked at though we know of no node there: a store restored from a copy does not know them all.
  io::Task<Result<void>> suspect(types::DomainName domain);
  /// Domains at whose hosts records stand that are not ours, with the words for it.
  std::vector<std::string> in_the_way() const;

 private:
  struct Step {
    types::DomainName domain;
    types::DomainName host;
    types::HostNode held;
    types::HostNode wanted;
    bool certain = true;  ///< that `held` is what stands there
  };
  struct Obstacle {
    std::string what;
    Instant again_at{};
  };
  std::vector<Step> steps_for(std::vector<io::DueNode> due) const;
  io::Task<Result<void>> bring(std::vector<Step> steps);
  io::Task<Result<void>> send(types::ZoneChange change, std::vector<Step> steps);
  io::Task<Result<void>> bring_alone(Step step);
  io::Task<Result<std::optional<types::HostNode>>> standing(Step step);
  io::Task<Result<void>> put(std::vector<Step> steps, bool certain);
  io::Task<Result<bool>> look_for_some();
  void tell(const std::vector<Step>& steps);
  types::DomainName host_of(const types::DomainName& domain) const;

  zone::MxZone zone_;
  io::NodeStore& store_;
  ZoneAccess& access_;
  io::Clock& clock_;
  io::Log& log_;
  std::string looked_up_to_;  // the domain of the last node that was looked for
  std::map<types::DomainName, Obstacle> in_the_way_;
};

}  // namespace danewerk::service
