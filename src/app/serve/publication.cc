// The part of Worker that has to do with the zone and the certificate.
#include "app/serve/publication.h"

#include <algorithm>

#include "app/control/operations.h"
#include "app/serve/serve.h"
#include "app/serve/worker.h"
#include "io/runtime/blocking.h"
#include "io/tls/certificate.h"
#include "io/tls/digest.h"
#include "io/tls/self_issue.h"
#include "service/zones/plan_guard.h"

namespace danewerk::app {
namespace {

/// Our own update address stands for the child: what it answers there it answers everywhere.
std::vector<service::AuthoritativeServer> servers_of(const ZoneSettings& zone) {
  std::vector<service::AuthoritativeServer> out{{"primary", zone.update_address}};
  const auto add = [&out](const types::Endpoint& server) {
    const bool known = std::any_of(out.begin(), out.end(), [&server](const auto& one) { return one.endpoint == server; });
    if (!known) out.push_back({server.to_string(), server});
  };
  for (const types::Endpoint& server : zone.servers) add(server);
  for (const SecondarySettings& secondary : zone.secondaries) add(secondary.address);
  return out;
}

/// The set every sender asks for, in each shard; of one shard within the zone itself will do, they are signed together.
std::vector<types::DnsQuestion> signed_questions(const zone::MxZone& zone) {
  for (const types::DomainName& owner : zone::tlsa_owners(zone)) {
    if (zone::zone_holding(zone, owner) != zone.apex) continue;  // an explicit shard's zone has keys of its own
    return {{service::probe_for(owner), types::RecordType::tlsa}};
  }
  return {};
}

bool has_only_wildcards(const zone::MxZone& zone) {
  return std::all_of(zone.holdings.begin(), zone.holdings.end(), [](types::Holding holding) { return holding == types::Holding::wildcard; });
}

rollover::EdgeSight edge_sight(const types::Probe& probe) {
  rollover::EdgeSight out;
  out.address = probe.address.to_string();
  out.line = probe.algorithm == types::ProbeAlgorithm::ecdsa ? types::KeyLine::ecdsa : types::KeyLine::rsa;
  out.detail = probe.detail.empty() ? types::to_string(probe.end) : probe.detail;
  if (probe.end == types::ProbeEnd::no_such_key) out.answer = rollover::EdgeAnswer::no_such_line;
  if (probe.end != types::ProbeEnd::shook_hands || probe.chain.empty()) return out;
  out.answer = rollover::EdgeAnswer::presented;
  out.record = tls::record_for_key(probe.chain.front().spki, types::TlsaUsage::dane_ee, types::TlsaMatching::sha2_256);
  return out;
}

/// A sender's view of our own edges: every address, each kind of signature.
io::Task<std::vector<rollover::EdgeSight>> probe_edges(const service::Prober& prober, service::ProbeErrand errand) {
  const types::ProbeSight sight = co_await prober.probe(std::move(errand));
  std::vector<rollover::EdgeSight> out;
  for (const types::Probe& probe : sight.probes) out.push_back(edge_sight(probe));
  co_return out;
}

io::Task<> keep_plan_there(io::KeyStore& facts, std::shared_ptr<const io::Domains> domains, types::MxPlan plan, Instant now, Result<void>& out) {
  out = co_await service::keep_plan(facts, std::move(domains), std::move(plan), now);
}

Json key_json(const service::PublisherStatus::Key& key, const std::string& group) {
  Json one = object({{"id", key.id}, {"group", group}, {"role", key.role}, {"record", key.record}, {"created", to_rfc3339(key.created_at)},
                     {"algorithm", types::to_string(key.algorithm)}, {"phase", rollover::to_string(key.phase)}});
  if (key.ready_at) put(one, {"ready", to_rfc3339(*key.ready_at)});
  if (key.retired_at) put(one, {"retired", to_rfc3339(*key.retired_at)});
  if (key.certificate == rollover::Certificate::interim) put(one, {"certificate", "interim, issued by ourselves"});
  if (!key.source_says.empty()) put(one, {"certificate_source_says", key.source_says});
  if (key.published_at) put(one, {"published", to_rfc3339(*key.published_at)});
  if (key.seen_everywhere_at) put(one, {"seen_everywhere", to_rfc3339(*key.seen_everywhere_at)});
  if (key.serving_since) put(one, {"serving_since", to_rfc3339(*key.serving_since)});
  if (key.certificate_expires) put(one, {"certificate_expires", to_rfc3339(*key.certificate_expires)});
  return one;
}

Json servers_json(const rollover::ZoneObservation& observation) {
  Json out = Json::array();
  for (const auto& server : observation.servers) {
    Json one = object({{"server", server.server}, {"sight", rollover::to_string(server.sight)}, {"detail", server.detail}});
    for (const auto& record : server.records) one["records"].push_back(record.to_string());
    out.push_back(std::move(one));
  }
  return out;
}

void add_edges(Json& out, const rollover::ZoneObservation& observation, const std::string& group) {
  if (!observation.edges) return;
  for (const auto& edge : observation.edges->sights) {
    Json one = object({{"address", edge.address}, {"group", group}, {"algorithm", types::to_string(edge.line)}});
    if (edge.answer == rollover::EdgeAnswer::presented) put(one, {"serves", edge.record.to_string()});
    if (edge.answer != rollover::EdgeAnswer::presented) put(one, {"fault", edge.detail});
    out.push_back(std::move(one));
  }
}

/// How a group's keys and records stand.
Json group_json(const service::PublisherStatus& status) {
  Json json = object({{"next", step_json(status.next)},
                      {"servers", servers_json(status.observation)},
                      {"validation", rollover::to_string(status.observation.validation)}});
  if (status.serving_now) put(json, {"serving", *status.serving_now});
  if (!status.observation.validation_detail.empty()) put(json, {"validation_detail", status.observation.validation_detail});
  if (!status.fault.empty()) put(json, {"fault", status.fault});
  if (!status.source_fault.empty()) put(json, {"certificate_source_fault", status.source_fault});
  if (status.held_up) put(json, {"held_up", *status.held_up});
  return json;
}

}  // namespace

service::PublisherSettings publisher_settings(const Settings& settings, const zone::KeyGroup& group) {
  const ZoneSettings& zone = settings.zone;
  service::PublisherSettings out;
  out.zone = part_of(settings, group);
  out.group = group.name;
  out.writers = zone.mode == ChildOrExternal::child ? zone::Writers::we_alone : zone::Writers::others;
  out.servers = servers_of(zone);
  out.certificate_names = {settings.edge.hostname};
  for (const NameByAddress& one : settings.edge.names_by_address) out.certificate_names.push_back(one.name);
  out.negative_ttl = to_ttl(zone.negative_ttl);
  out.algorithms = zone.key_algorithms;
  out.timing.propagation = zone.propagation;
  out.timing.key_lifetime = zone.key_life;
  out.certificate_life = zone.certificate_life;
  out.look_interval = zone.check_interval;
  return out;
}

zone::MxZone mx_zone(const Settings& settings) {
  const ZoneSettings& from = settings.zone;
  zone::MxZone out;
  out.apex = from.name;
  out.shards = from.mx_plan().shards;
  out.holdings = from.mx_plan().holdings;
  out.mx_addresses = from.mx_addresses;
  out.address_ttl = to_ttl(from.address_ttl);
  out.tlsa_ttl = to_ttl(from.tlsa_ttl);
  return out;
}

/// Members of old are the default group's, but for keys, agenda and edges, which are of all groups.
Json zone_json(const std::vector<service::PublisherStatus>& groups) {
  const service::PublisherStatus& first = groups.front();
  Json json = group_json(first);
  put(json, {"zone", first.zone.to_string()});
  put(json, {"ds", first.ds_records});
  put(json, {"certificate_source", first.source});
  if (!first.in_the_way.empty()) put(json, {"in_the_way", first.in_the_way});
  std::vector<std::pair<Instant, Json>> agenda;
  Json edges = Json::array();
  json["keys"] = json["agenda"] = json["groups"] = Json::array();
  for (const service::PublisherStatus& status : groups) {
    const std::string group = zone::shown_group(status.group);
    Json own = object({{"group", group}, {"shards", status.shards}});
    if (!status.group.empty()) own.update(group_json(status));
    json["groups"].push_back(std::move(own));
    for (const auto& key : status.keys) json["keys"].push_back(key_json(key, group));
    const Json steps = steps_json(status.agenda, status.group);
    for (std::size_t i = 0; i < status.agenda.size(); ++i) agenda.emplace_back(status.agenda[i].when, steps[i]);
    add_edges(edges, status.observation, group);
    const bool tells = status.source_fault.empty() || json.contains("certificate_source_fault");
    if (!tells) put(json, {"certificate_source_fault", group + ": " + status.source_fault});
  }
  std::stable_sort(agenda.begin(), agenda.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [when, step] : agenda) json["agenda"].push_back(std::move(step));
  put(json, {"next", json["agenda"].empty() ? step_json(first.next) : json["agenda"].front()});
  if (!edges.empty()) put(json, {"edges", std::move(edges)});
  return json;
}

io::Sha256 domain_digest(const types::DomainName& domain) { return io::sha256(as_bytes(domain.text())); }

/// Before anything writes to the zone.
Result<void> Worker::guard_plan() {
  Result<void> kept;
  io::run_on(home().executor(), keep_plan_there(*keys_, domains_->snapshot(), settings_.zone.mx_plan(), clock_.now(), kept));
  return kept;
}

/// Each publisher has its own: it remembers the keys of the explicit shards' zones that were seen last.
std::unique_ptr<service::DnsZoneAccess> Worker::zone_access_for(const zone::MxZone& zone) {
  service::DnsZoneAccess::Settings access{settings_.zone.name, std::chrono::seconds(5), zone::shard_zones(zone)};
  return std::make_unique<service::DnsZoneAccess>(std::move(access), *updater_, *resolvers_.front(), entropy_, clock_);
}

/// At a host of the zone's part, so that an edge shows the keys it serves there.
service::ProbeEdges Worker::edge_probe(const zone::MxZone& zone) {
  service::ProbeErrand errand;
  errand.host = zone::probe_host(zone, zone::shards_of(zone).front());
  errand.addresses = settings_.zone.mx_addresses;
  errand.server_name = group_of_shard_[zone::shards_of(zone).front()] == 0 ? service::ProbeErrand::ServerName::with_and_without
                                                                            : service::ProbeErrand::ServerName::always;
  return [this, errand] { return probe_edges(*edge_prober_, errand); };
}

Result<void> Worker::build_publisher() {
  TRY_VOID(guard_plan());
  TRY_VOID(settle_groups());
  io::dns::UpdateSettings update;
  update.server = settings_.zone.update_address;
  TRY(update.key, read_update_key(settings_));
  updater_ = std::make_unique<io::dns::DnsZoneUpdater>(std::move(update), entropy_);
  zone_access_ = zone_access_for(mx_zone(settings_));
  challenge_records_.emplace(*zone_access_, mx_zone(settings_), servers_of(settings_.zone), clock_);
  TRY_VOID(build_certificates());
  service::PublisherParts parts{*keys_, *zone_access_, certificate_, clock_, log_};
  parts.source = desk_->source();
  if (has_only_wildcards(mx_zone(settings_))) {
    node_store_.emplace(*store_, settings_.zone.name);
    nodes_ = std::make_unique<service::PlainNodes>(mx_zone(settings_), *node_store_, *zone_access_, clock_, log_);
    parts.nodes = nodes_.get();
  } else {
    build_hosts();
  }
  if (settings_.zone.probe == EdgeProbe::on) {
    TRY_VOID(build_edge_prober());
    parts.probe = edge_probe(part_of(settings_, key_groups_.front()));
  }
  TRY(publisher_, service::Publisher::create(publisher_settings(settings_, key_groups_.front()), std::move(parts)));
  TRY_VOID(build_group_publishers());
  zone_watch_ = std::make_unique<service::ZoneWatch>(
      service::ZoneWatch::Parts{settings_.zone.name, servers_of(settings_.zone), signed_questions(mx_zone(settings_)), *resolvers_.front(), entropy_, clock_});
  zone_parts_.emplace(ZoneParts{publishers_, *zone_watch_, {settings_.zone.signature_life, settings_.zone.signature_refresh}, clock_, alerts_,
                                settings_.zone.check_interval, {}});
  home().post([this] {
    for (service::Publisher* publisher : publishers_) group_->spawn("publisher", publisher->run());
    group_->spawn("zone watch", watch_zone());
  });
  return {};
}

/// More rarely than the publisher looks: what is watched here takes days to go wrong.
io::Task<> Worker::watch_zone() {
  const Duration interval = settings_.zone.check_interval * 5;
  while (true) {
    co_await look_at_zone(*zone_parts_);
    co_await clock_.sleep_for(interval);
  }
}

/// Our own addresses may be any, private ones too: they are let through.
Result<void> Worker::build_edge_prober() {
  std::vector<types::Network> own;
  for (const types::IpAddress& address : settings_.zone.mx_addresses) {
    TRY(const types::Network network, types::Network::parse(address.to_string()));
    own.push_back(network);
  }
  service::ProbeManners manners{settings_.edge.hostname.to_string(), io::AddressFilter(own)};
  TRY(edge_prober_, service::Prober::create(std::move(manners), clock_));
  return {};
}

/// The publishers are made after the desk, and before anybody asks.
std::string Worker::next_key_awaits(const std::string& group) const {
  for (const service::Publisher* publisher : publishers_) {
    if (publisher->group() != group) continue;
    const rollover::Step step = service::before_next_key(publisher->status());
    return step.why + (step.when > clock_.now() ? "; not before " + to_rfc3339(step.when) : "");
  }
  return "there is no group of keys '" + group + "' (zone.key_groups)";
}

Result<void> Worker::build_certificates() {
  DeskParts parts{settings_, *store_, *keys_, *resolvers_.front(), clock_, log_, alerts_, home(), [this] { return trust_; }};
  if (challenge_records_) {
    parts.records = &*challenge_records_;
    parts.names_of = [this](const std::string& group) { return names_of(group); };
    parts.next_key_awaits = [this](const std::string& group) { return next_key_awaits(group); };
  }
  TRY(desk_, CertificateDesk::open(std::move(parts)));
  return {};
}

Result<void> Worker::build_policy_desk() {
  const auto forget = [this](const types::DomainName& name) { answers_->forget(name); };
  TRY(policy_desk_, PolicyDesk::open({settings_, *store_, *keys_, *domains_, *resolvers_.front(), *https_, clock_, log_, alerts_, home(), *desk_, *zone_access_,
                                      servers_of(settings_.zone), [this](const std::string& group) { return names_of(group); },
                                      [this](const types::DomainName& domain) { return group_of(domain); },
                                      [this] { return trust_; }, forget, mx_zone(settings_).plan()}));
  return {};
}

/// Single domains' records, and the zones of explicit shards. PlainNodes is for zones of wildcard shards only: those need no look at
/// domains whose DANE is on.
void Worker::build_hosts() {
  const zone::MxZone zone = mx_zone(settings_);
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
  Json json = object({{"waiting", hosts.waiting.all}, {"as_of", to_rfc3339(hosts.as_of)}});
  for (const io::HostFault& one : hosts.faults) {
    json["faults"].push_back(object({{"domain", one.domain.to_string()}, {"what", one.fault}, {"again_at", to_rfc3339(one.again_at)}}));
  }
  if (hosts.waiting.faulty > 0) put(json, {"faulty", hosts.waiting.faulty});
  for (const auto& [zone, count] : hosts.held) json["held"][zone.to_string()] = count;
  if (!hosts.fault.empty()) put(json, {"fault", hosts.fault});
  for (const auto& [zone, fault] : undelegated) json["not_delegated"][zone.to_string()] = fault;
  return json;
}

std::optional<std::string> hosts_fault(const service::HostStatus& hosts, const std::map<types::DomainName, std::string>& undelegated) {
  if (!hosts.fault.empty()) return hosts.fault;
  if (!undelegated.empty()) return undelegated.begin()->first.to_string() + ": " + undelegated.begin()->second;
  if (!hosts.faults.empty()) return hosts.faults.front().domain.to_string() + ": " + hosts.faults.front().fault;
  return std::nullopt;
}

/// No zone of ours: STARTTLS is offered all the same, with a certificate made for this run. Nothing is promised by it.
Result<void> Worker::serve_without_zone() {
  TRY(const std::string key, io::generate_key(io::KeyAlgorithm::ecdsa_p256));
  const Instant now = clock_.now();
  TRY(const std::string certificate, io::self_issue(key, {settings_.edge.hostname}, now - std::chrono::hours(1), now + settings_.zone.certificate_life));
  TRY(auto context, io::ServerContext::make({{key, certificate}}));
  certificate_.set(std::move(context), "unpublished");
  return build_certificates();
}

}  // namespace danewerk::app
