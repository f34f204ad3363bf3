// The part of Worker that looks after the life of domains.
#include "app/serve/publication.h"
#include "app/serve/worker.h"
#include "engine/zone/host_nodes.h"

namespace danewerk::app {
namespace {

/// Our own addresses may be probed wherever they lie.
io::AddressFilter filter_of(const Settings& settings) {
  std::vector<types::Network> opened = settings.delivery.allow_networks;
  for (const types::IpAddress& address : settings.zone.mx_addresses) {
    if (auto network = types::Network::parse(address.to_string())) opened.push_back(*network);
  }
  return io::AddressFilter(std::move(opened));
}

}  // namespace

lifecycle::Expectation Worker::expectation_of(const types::DomainName& domain) const {
  lifecycle::Expectation expected{domain, {}, {}};
  if (settings_.zone.name.is_root()) return expected;
  const types::MxPlan plan = settings_.zone.mx_plan();
  const io::Sha256 digest = domain_digest(domain);
  const auto host = types::mx_host(domain, digest, plan);
  if (!host) return expected;
  expected.holding = plan.holding_of(types::shard_index(digest, plan.shards));
  expected.host = host->name();
  expected.addresses = settings_.zone.mx_addresses;
  expected.key_group = group_of(domain);
  return expected;
}

std::vector<std::string> Worker::zone_lines(const types::DomainName& domain, const types::DomainFacts& before, const types::DomainFacts& after) const {
  const lifecycle::Expectation expected = expectation_of(domain);
  if (expected.host.is_root()) return {};
  const zone::MxZone zone = mx_zone(settings_);
  return zone::diff_lines(zone, expected.host, zone::node_for(zone, expected.holding, zone::need_of(before)),
                          zone::node_for(zone, expected.holding, zone::need_of(after)));
}

void Worker::suspect(const types::DomainName& domain) {
  if (nodes_) group_->spawn("suspect", suspected(domain));
}

io::Task<> Worker::suspected(types::DomainName domain) {
  const auto noted = co_await nodes_->suspect(std::move(domain));
  if (noted) publisher_->look_soon();
}

Result<void> Worker::build_domains() {
  findings_.emplace(*store_);
  service::ProbeManners manners;
  manners.hello_name = settings_.edge.hostname.to_string();
  manners.filter = filter_of(settings_);
  TRY(prober_, service::Prober::create(std::move(manners), clock_));
  const auto policy = [this](types::DomainName domain) { return sts_->look(*resolvers_.front(), std::move(domain)); };
  const auto probe = [this](types::DomainName host, std::vector<types::IpAddress> addresses, types::TlsaSet records) {
    const auto shard = zone::shard_of_host(settings_.zone.name, static_cast<std::uint16_t>(group_of_shard_.size()), host.text());
    service::ProbeErrand errand{std::move(host), std::move(addresses), types::smtp_port, std::move(records)};
    if (shard && group_of_shard_[*shard] != 0) errand.server_name = service::ProbeErrand::ServerName::always;  // without a name others are shown
    return prober_->probe(std::move(errand));
  };
  const auto expect = [this](const types::DomainName& domain) { return expectation_of(domain); };
  const auto forget = [this](const types::DomainName& name) { answers_->forget(name); };
  const auto alert = [this](std::optional<std::string> fault) { alerts_.set("domains", fault); };
  const DomainSettings& from = settings_.domains;
  domain_keeper_ = std::make_unique<service::DomainKeeper>(
      service::DomainParts{*domains_, *findings_, *resolvers_.front(), policy, probe, expect, forget, alert, clock_, entropy_, log_,
                           {from.look_interval, from.move_interval, from.looks_per_second}, {from.quarantine_after, from.remove_after},
                           [this](const types::DomainName& domain) { suspect(domain); }},
      home().executor());
  home().post([this] { group_->spawn("domains", domain_keeper_->watch()); });
  return {};
}

LifeParts Worker::life_parts() {
  LifeParts life;
  life.keeper = domain_keeper_.get();
  life.entropy = &entropy_;
  life.expect = [this](const types::DomainName& domain) { return expectation_of(domain); };
  life.published = [this](const types::DomainName& domain) { return published_records(domain); };
  life.zone_lines = [this](const types::DomainName& domain, const types::DomainFacts& before, const types::DomainFacts& after) {
    return zone_lines(domain, before, after);
  };
  life.require_control = settings_.domains.require_control == Choice::yes;
  life.born_secure = settings_.domains.born_secure == Choice::yes;
  return life;
}

}  // namespace danewerk::app
