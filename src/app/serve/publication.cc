// The part of Worker that has to do with the zone and the certificate.
#include "app/serve/publication.h"

#include "app/serve/serve.h"
#include "app/serve/worker.h"
#include "io/tls/digest.h"
#include "io/tls/self_issue.h"

namespace danewerk::app {
namespace {

Ttl ttl(Duration duration) { return Ttl{static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count())}; }

/// Our own update address stands for the child: what it answers there it answers everywhere.
std::vector<service::AuthoritativeServer> servers_of(const ZoneSettings& zone) {
  std::vector<service::AuthoritativeServer> out{{"primary", zone.update_address}};
  for (const types::Endpoint& server : zone.servers) out.push_back({server.to_string(), server});
  return out;
}

service::PublisherSettings publisher_settings(const Settings& settings) {
  const ZoneSettings& zone = settings.zone;
  service::PublisherSettings out;
  out.zone.apex = zone.name;
  out.zone.shards = zone.mx_plan().shards;
  out.zone.holdings = zone.mx_plan().holdings;
  out.zone.mx_addresses = zone.mx_addresses;
  out.zone.address_ttl = ttl(zone.address_ttl);
  out.zone.tlsa_ttl = ttl(zone.tlsa_ttl);
  out.servers = servers_of(zone);
  out.certificate_names = {settings.edge.hostname};
  for (const NameByAddress& one : settings.edge.names_by_address) out.certificate_names.push_back(one.name);
  out.negative_ttl = ttl(zone.negative_ttl);
  out.timing.propagation = zone.propagation;
  out.timing.key_lifetime = zone.key_life;
  out.certificate_life = zone.certificate_life;
  out.look_interval = zone.check_interval;
  return out;
}

}  // namespace

Json status_json(const service::PublisherStatus& status) {
  Json json{{"zone", status.zone.to_string()}, {"ds", status.ds_records}};
  json["next"] = {{"what", rollover::to_string(status.next.what)}, {"why", status.next.why}, {"when", to_rfc3339(status.next.when)}};
  if (status.serving_now) json["serving"] = *status.serving_now;
  json["keys"] = Json::array();
  for (const auto& key : status.keys) {
    Json one{{"id", key.id}, {"role", key.role}, {"record", key.record}, {"created", to_rfc3339(key.created_at)}};
    if (key.published_at) one["published"] = to_rfc3339(*key.published_at);
    if (key.seen_everywhere_at) one["seen_everywhere"] = to_rfc3339(*key.seen_everywhere_at);
    if (key.serving_since) one["serving_since"] = to_rfc3339(*key.serving_since);
    if (key.certificate_expires) one["certificate_expires"] = to_rfc3339(*key.certificate_expires);
    json["keys"].push_back(std::move(one));
  }
  json["servers"] = Json::array();
  for (const auto& server : status.observation.servers) {
    Json one{{"server", server.server}, {"sight", rollover::to_string(server.sight)}, {"detail", server.detail}};
    for (const auto& record : server.records) one["records"].push_back(record.to_string());
    json["servers"].push_back(std::move(one));
  }
  json["validation"] = rollover::to_string(status.observation.validation);
  if (!status.observation.validation_detail.empty()) json["validation_detail"] = status.observation.validation_detail;
  if (!status.fault.empty()) json["fault"] = status.fault;
  return json;
}

io::Sha256 domain_digest(const types::DomainName& domain) { return io::sha256(as_bytes(domain.text())); }

Result<void> Worker::build_publisher() {
  io::dns::UpdateSettings update;
  update.server = settings_.zone.update_address;
  TRY(update.key.name, types::DomainName::parse("danewerk-update"));
  TRY(update.key.secret, read_update_secret(settings_));
  updater_ = std::make_unique<io::dns::DnsZoneUpdater>(std::move(update), entropy_);
  const zone::MxZone mx_zone = publisher_settings(settings_).zone;
  service::DnsZoneAccess::Settings access{settings_.zone.name, std::chrono::seconds(5), zone::shard_zones(mx_zone)};
  zone_access_ = std::make_unique<service::DnsZoneAccess>(std::move(access), *updater_, *resolvers_.front(), entropy_, clock_);
  TRY(publisher_, service::Publisher::create(publisher_settings(settings_), *keys_, *zone_access_, certificate_, clock_, log_));
  home().post([this] { group_->spawn("publisher", publisher_->run()); });
  build_hosts();
  return {};
}

/// Single domains' records, and the zones of explicit shards.
void Worker::build_hosts() {
  const zone::MxZone zone = publisher_settings(settings_).zone;
  host_store_.emplace(*store_);
  hosts_ = std::make_unique<service::HostKeeper>(service::HostSettings{zone, settings_.zone.hosts_per_zone},
                                                 service::HostParts{*host_store_, *keys_, *updater_, clock_, log_});
  delegations_ = std::make_unique<service::Delegations>(zone, settings_.zone.update_address,
                                                        service::DelegationParts{*keys_, *updater_, entropy_, clock_, log_});
  home().post([this] {
    group_->spawn("hosts", hosts_->run());
    group_->spawn("delegations", delegations_->run());
  });
}

Json hosts_json(const service::HostStatus& hosts, const std::map<types::DomainName, std::string>& undelegated) {
  Json json{{"waiting", hosts.waiting.all}};
  for (const io::HostFault& one : hosts.faults) {
    json["faults"].push_back({{"domain", one.domain.to_string()}, {"what", one.fault}, {"again_at", to_rfc3339(one.again_at)}});
  }
  if (hosts.waiting.faulty > 0) json["faulty"] = hosts.waiting.faulty;
  for (const auto& [zone, count] : hosts.held) json["held"][zone.to_string()] = count;
  if (!hosts.fault.empty()) json["fault"] = hosts.fault;
  for (const auto& [zone, fault] : undelegated) json["not_delegated"][zone.to_string()] = fault;
  return json;
}

/// No zone of ours: STARTTLS is offered all the same, with a certificate made for this run. Nothing is promised by it.
Result<void> Worker::serve_without_zone() {
  TRY(const std::string key, io::generate_key(io::KeyAlgorithm::ecdsa_p256));
  const Instant now = clock_.now();
  TRY(const std::string certificate, io::self_issue(key, {settings_.edge.hostname}, now - std::chrono::hours(1), now + settings_.zone.certificate_life));
  TRY(auto context, io::ServerContext::make({{key, certificate}}));
  certificate_.set(std::move(context), "unpublished");
  return {};
}

}  // namespace danewerk::app
