#include "service/publisher/plain_nodes.h"

#include <algorithm>

#include "io/tls/digest.h"
#include "service/publisher/publisher_events.h"

namespace danewerk::service {
namespace {

using io::dns::UpdateErrorKind;
using types::HostNode;
using types::ZoneChange;
using zone::HostNeed;

constexpr std::uint32_t nodes_at_once = 200;  // some 20 KB, and one transaction
constexpr Duration until_next_try = std::chrono::minutes(5);

HostNode plain_node(const zone::MxZone& zone) { return zone::node_for(zone, types::Holding::wildcard, HostNeed::plain); }

Failure<Error> not_taken(const io::dns::UpdateError& error) {
  return fail(ErrorKind::unavailable, std::string("records of single hosts: ") + io::dns::to_string(error.kind) + ": " + error.what);
}

}  // namespace

io::Task<Result<bool>> PlainNodes::round() {
  const Instant now = clock_.now();
  const auto most = static_cast<std::uint32_t>(nodes_at_once + in_the_way_.size());
  HostNode plain = plain_node(zone_);
  CO_TRY(auto due, co_await store_.due(std::move(plain), most));
  std::map<types::DomainName, Obstacle> still;  // a domain that is due no more is in nobody's way
  std::erase_if(due, [&](const io::DueNode& one) {
    const auto known = in_the_way_.find(one.domain);
    if (known == in_the_way_.end()) return false;
    still.insert(*known);
    return known->second.again_at > now;
  });
  in_the_way_ = std::move(still);
  if (due.empty()) co_return co_await look_for_some();
  std::vector<Step> steps = steps_for(std::move(due));
  CO_TRY_VOID(co_await bring(std::move(steps)));
  co_return true;
}

io::Task<Result<void>> PlainNodes::suspect(types::DomainName domain) {
  const types::DomainName host = host_of(domain);
  if (host.is_root()) co_return Result<void>{};
  std::vector<io::KeptNode> one(1, io::KeptNode{domain, {host, plain_node(zone_), false}});
  co_return co_await store_.put(std::move(one), clock_.now());
}

std::vector<std::string> PlainNodes::in_the_way() const {
  std::vector<std::string> out;
  for (const auto& [domain, obstacle] : in_the_way_) out.push_back(domain.to_string() + ": " + obstacle.what);
  return out;
}

/// The root where the zone leaves no room for one.
types::DomainName PlainNodes::host_of(const types::DomainName& domain) const {
  const auto host = types::mx_host(domain, io::sha256(as_bytes(domain.text())), zone_.plan());
  return host ? host->name() : types::DomainName{};
}

std::vector<PlainNodes::Step> PlainNodes::steps_for(std::vector<io::DueNode> due) const {
  std::vector<Step> out;
  for (io::DueNode& one : due) {
    Step step{one.domain, host_of(one.domain), {}, {}, true};
    if (step.host.is_root()) continue;
    if (one.wanted) step.wanted = plain_node(zone_);
    if (one.held) {
      step.held = one.held->node;
      step.certain = one.held->certain;
      if (one.held->host != step.host) step.wanted = HostNode{};  // the plan was changed: first what stands elsewhere goes
      step.host = one.held->host;
    }
    out.push_back(std::move(step));
  }
  return out;
}

/// What may be there by our doing is written down first; then those of whom we are certain go together.
io::Task<Result<void>> PlainNodes::bring(std::vector<Step> steps) {
  std::vector<Step> new_ones;
  for (const Step& step : steps) {
    if (step.held.kind == HostNode::Kind::none) new_ones.push_back(step);
  }
  CO_TRY_VOID(co_await put(std::move(new_ones), false));
  const auto by_certainty = [](const Step& step) { return step.certain; };
  const auto middle = std::stable_partition(steps.begin(), steps.end(), by_certainty);
  std::vector<Step> doubtful(middle, steps.end());
  steps.erase(middle, steps.end());
  std::vector<ZoneChange> changes;
  for (const Step& step : steps) changes.push_back(zone::host_change(zone_, step.host, step.held, step.wanted));
  std::size_t at = 0;
  std::vector<zone::FilledChange> messages = zone::fill(changes);
  for (zone::FilledChange& message : messages) {
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<Step> part(first, first + static_cast<std::ptrdiff_t>(message.hosts));
    at += message.hosts;
    CO_TRY_VOID(co_await send(std::move(message.change), std::move(part)));
  }
  for (Step& step : doubtful) CO_TRY_VOID(co_await bring_alone(std::move(step)));
  co_return Result<void>{};
}

void PlainNodes::tell(const std::vector<Step>& steps) {
  const auto placed = std::count_if(steps.begin(), steps.end(), [](const Step& step) { return step.wanted.kind != HostNode::Kind::none; });
  const auto removed = static_cast<std::ptrdiff_t>(steps.size()) - placed;
  const std::string others = steps.size() > 1 ? " and others" : "";
  log_.event(publisher_events::node_changed, {{"host", steps.front().host.to_string() + others}, {"placed", std::to_string(placed)},
                                              {"removed", std::to_string(removed)}});
}

/// `change` is what all of `steps` come to.
io::Task<Result<void>> PlainNodes::send(ZoneChange change, std::vector<Step> steps) {
  const auto applied = co_await access_.apply(std::move(change));
  if (applied) {
    tell(steps);
    co_return co_await put(std::move(steps), true);
  }
  if (applied.error().kind != UpdateErrorKind::prerequisite_failed) co_return not_taken(applied.error());
  for (Step& step : steps) CO_TRY_VOID(co_await bring_alone(std::move(step)));  // DDNS-02: look again, never force
  co_return Result<void>{};
}

io::Task<Result<void>> PlainNodes::bring_alone(Step step) {
  CO_TRY(const auto stands, co_await standing(step));
  if (!stands) {
    const std::string what = "records that are not ours stand at " + step.host.to_string() + " or at _25._tcp below it";
    const bool told = in_the_way_.contains(step.domain);
    if (!told) log_.event(publisher_events::node_in_the_way, {{"domain", step.domain.to_string()}, {"why", what}});
    in_the_way_[step.domain] = Obstacle{what, clock_.now() + until_next_try};
    co_return Result<void>{};
  }
  in_the_way_.erase(step.domain);
  ZoneChange change = zone::host_change(zone_, step.host, *stands, step.wanted);
  if (!change.empty()) {
    const auto applied = co_await access_.apply(std::move(change));
    if (!applied) co_return not_taken(applied.error());
  }
  std::vector<Step> one(1, step);
  tell(one);
  co_return co_await put(std::move(one), true);
}

/// Nothing: what stands there is not ours.
io::Task<Result<std::optional<HostNode>>> PlainNodes::standing(Step step) {
  std::vector<HostNode> possible{step.wanted, step.held, HostNode{}, plain_node(zone_)};
  for (const HostNode& node : possible) {
    ZoneChange question{zone_.apex, {}, {}, {}};
    zone::ask_whether(question, zone_, step.host, node);
    const auto answer = co_await access_.apply(std::move(question));
    if (answer) co_return std::optional(node);
    if (answer.error().kind != UpdateErrorKind::prerequisite_failed) co_return not_taken(answer.error());
  }
  co_return std::optional<HostNode>{};
}

/// `certain`: the primary has taken it. If not, what stands down as wanted may come to be.
io::Task<Result<void>> PlainNodes::put(std::vector<Step> steps, bool certain) {
  if (steps.empty()) co_return Result<void>{};
  std::vector<io::KeptNode> kept;
  for (const Step& step : steps) kept.push_back({step.domain, {step.host, step.wanted, certain}});
  co_return co_await store_.put(std::move(kept), clock_.now());
}

/// One question for some nodes; where it is denied, one for each. Those that are not there are due from then on.
io::Task<Result<bool>> PlainNodes::look_for_some() {
  CO_TRY(const auto kept, co_await store_.after(looked_up_to_, nodes_at_once));
  looked_up_to_ = kept.empty() ? std::string{} : kept.back().domain.text();
  if (kept.empty()) co_return false;
  ZoneChange question{zone_.apex, {}, {}, {}};
  for (const io::KeptNode& one : kept) zone::ask_whether(question, zone_, one.own.host, one.own.node);
  const auto all_there = co_await access_.apply(std::move(question));
  if (all_there) co_return false;
  if (all_there.error().kind != UpdateErrorKind::prerequisite_failed) co_return not_taken(all_there.error());
  std::vector<Step> lost;
  for (const io::KeptNode& one : kept) {
    if (in_the_way_.contains(one.domain)) continue;
    ZoneChange alone{zone_.apex, {}, {}, {}};
    zone::ask_whether(alone, zone_, one.own.host, one.own.node);
    const auto there = co_await access_.apply(std::move(alone));
    if (there) continue;
    if (there.error().kind != UpdateErrorKind::prerequisite_failed) co_return not_taken(there.error());
    lost.push_back({one.domain, one.own.host, one.own.node, one.own.node, false});
    log_.event(publisher_events::node_lost, {{"host", one.own.host.to_string()}});
  }
  const bool any = !lost.empty();
  CO_TRY_VOID(co_await put(std::move(lost), false));
  co_return any;
}

}  // namespace danewerk::service
