// The part of Worker that has to do with groups of shards that have keys of their own (zone.key_groups).
#include <algorithm>

#include "app/serve/publication.h"
#include "app/serve/worker.h"
#include "app/serve/worker_events.h"
#include "io/runtime/blocking.h"
#include "io/runtime/together.h"
#include "service/publisher/publisher_events.h"
#include "service/publisher/settle_groups.h"

namespace danewerk::app {
namespace {

/// How long the edge waits for the certificates of all groups once the default group has its: after a restart that is a moment. A group
/// that takes longer does not hold up the others' mail; its names are refused until then.
constexpr Duration patience_for_groups = std::chrono::seconds(20);

using Settled = Result<std::vector<std::string>>;

io::Task<> settle(io::KeyStore& store, types::DomainName zone, std::vector<zone::KeyGroup> groups, Instant now, Settled& into) {
  into = co_await service::settle_groups(store, std::move(zone), std::move(groups), now);
}

}  // namespace

zone::MxZone part_of(const Settings& settings, const zone::KeyGroup& group) {
  zone::MxZone out = mx_zone(settings);
  out.part = group.shards;
  return out;
}

/// Before anything is published.
Result<void> Worker::settle_groups() {
  key_groups_ = settings_.zone.groups();
  group_of_shard_ = zone::group_by_shard(key_groups_, static_cast<std::uint16_t>(settings_.zone.shards));
  Settled settled = std::vector<std::string>();
  io::run_on(home().executor(), settle(*keys_, settings_.zone.name, key_groups_, clock_.now(), settled));
  TRY(const std::vector<std::string> changes, std::move(settled));
  for (const std::string& change : changes) log_.event(service::publisher_events::groups_changed, {{"what", change}});
  return {};
}

Result<void> Worker::build_group_publishers() {
  publishers_ = {publisher_.get()};
  for (std::size_t i = 1; i < key_groups_.size(); ++i) {
    auto group = std::make_unique<Group>();
    group->zone = part_of(settings_, key_groups_[i]);
    group->access = zone_access_for(group->zone);
    service::PublisherParts parts{*keys_, *group->access, group->slot, clock_, log_};
    parts.source = desk_->source();
    if (edge_prober_) parts.probe = edge_probe(group->zone);
    TRY(group->publisher, service::Publisher::create(publisher_settings(settings_, key_groups_[i]), std::move(parts)));
    publishers_.push_back(group->publisher.get());
    groups_.push_back(std::move(group));
  }
  return {};
}

/// At each handshake, on any reactor: nothing is allocated.
std::optional<std::shared_ptr<const io::ServerContext>> Worker::context_for(std::string_view host) const {
  const auto shard = zone::shard_of_host(settings_.zone.name, static_cast<std::uint16_t>(group_of_shard_.size()), host);
  const std::size_t group = shard ? group_of_shard_[*shard] : 0;
  if (group == 0) return std::nullopt;
  return groups_[group - 1]->slot.current();
}

io::Task<Result<bool>> Worker::all_groups_certified() {
  for (const auto& group : groups_) co_await group->slot.first();
  co_return true;
}

io::Task<> Worker::await_groups() {
  if (groups_.empty()) co_return;
  const auto all = co_await io::within(patience_for_groups, all_groups_certified());
  if (all) co_return;
  for (const auto& group : groups_) {
    if (!group->slot.current()) log_.event(group_not_served, {{"group", group->publisher->group()}});
  }
}

std::string Worker::group_of(const types::DomainName& domain) const {
  if (group_of_shard_.empty()) return {};
  const io::Sha256 digest = domain_digest(domain);
  return key_groups_[group_of_shard_[types::shard_index(digest, settings_.zone.mx_plan().shards)]].name;
}

std::vector<types::DomainName> Worker::names_of(const std::string& group) const {
  for (const zone::KeyGroup& one : key_groups_) {
    if (one.name == group) return zone::certificate_names(part_of(settings_, one));
  }
  return {};
}

/// Of all keys whose record stands at the domain's host, as far as is known.
types::TlsaSet Worker::published_records(const types::DomainName& domain) const {
  types::TlsaSet out;
  const std::string group = group_of(domain);
  for (const service::Publisher* publisher : publishers_) {
    if (publisher->group() != group) continue;
    for (const auto& key : publisher->status().keys) {
      if (!key.published_at || key.role == "withdrawn") continue;
      if (auto record = types::TlsaRecord::parse(key.record)) out.push_back(*std::move(record));
    }
  }
  return out;
}

/// What stands in the way of each group's keys, an alert a group.
void Worker::watch_publishers() {
  std::optional<std::string> source_fault;
  for (const service::Publisher* publisher : publishers_) {
    const service::PublisherStatus status = publisher->status();
    alerts_.set(status.group.empty() ? "rollover" : "rollover " + status.group, status.held_up);
    if (!source_fault && !status.source_fault.empty()) source_fault = status.source_fault;
  }
  const std::vector<std::string> in_the_way = publisher_->status().in_the_way;
  alerts_.set("hosts", hosts_ ? hosts_fault(hosts_->status(), delegations_->faults())
                              : in_the_way.empty() ? std::nullopt : std::optional(in_the_way.front()));
  alerts_.set("certificate", source_fault);
}

}  // namespace danewerk::app
