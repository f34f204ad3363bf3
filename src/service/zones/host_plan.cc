#include "service/zones/host_plan.h"

#include "io/tls/digest.h"

namespace danewerk::service {

using types::HostNode;
using zone::HostNeed;

io::HostDone HostStep::done() const {
  io::HostDone out{id, domain, std::nullopt, look_again ? io::HostDone::Then::look_again : io::HostDone::Then::finished};
  if (wanted.kind != HostNode::Kind::none) out.held = io::HeldHost{host, change.zone, wanted};
  return out;
}

namespace {

HostStep step_for(const zone::MxZone& zone, const types::MxPlan& plan, const io::HostWork& work) {
  const io::Sha256 digest = io::sha256(as_bytes(work.domain.text()));
  HostStep out{work.id, work.domain, {}, {}, {}, false, {}};
  const types::Holding holding = plan.holding_of(types::shard_index(digest, plan.shards));
  if (auto host = types::mx_host(work.domain, digest, plan)) {  // a name too long for the zone has no host
    out.host = host->name();
    out.wanted = zone::node_for(zone, holding, work.facts ? zone::need_of(*work.facts) : HostNeed::nothing);
  }
  if (work.held) out.held = work.held->node;
  if (work.held && work.held->host != out.host) {  // the plan was changed: first take away what stands elsewhere
    out.host = work.held->host;
    out.look_again = out.wanted.kind != HostNode::Kind::none;
    out.wanted = {};
  }
  out.change = zone::host_change(zone, out.host, out.held, out.wanted);
  return out;
}

}  // namespace

HostPlan plan_hosts(const zone::MxZone& zone, const std::vector<io::HostWork>& work, HostCounts counts, std::uint64_t most) {
  const types::MxPlan plan = zone.plan();
  HostPlan out;
  for (const io::HostWork& one : work) {
    HostStep step = step_for(zone, plan, one);
    if (step.change.empty()) {
      out.nothing_to_do.push_back(step.done());
      continue;
    }
    const types::DomainName apex = step.change.zone;
    const bool arrives = step.held.kind == HostNode::Kind::none && step.wanted.kind != HostNode::Kind::none;
    if (arrives && apex != zone.apex && counts[apex] >= most) {
      out.no_room.push_back({one.id, "zone " + apex.to_string() + " holds " + std::to_string(counts[apex]) + " hosts, and zone.hosts_per_zone is " +
                                         std::to_string(most)});
      continue;
    }
    if (arrives) ++counts[apex];
    out.by_zone[apex].push_back(std::move(step));
  }
  return out;
}

}  // namespace danewerk::service
