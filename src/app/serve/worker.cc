#include "app/serve/worker.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "app/control/connector_operations.h"
#include "app/control/mta_sts_operations.h"
#include "app/serve/publication.h"
#include "app/serve/serve.h"
#include "app/serve/worker_events.h"
#include "base/clock_fault.h"
#include "engine/connector/decide.h"
#include "io/process/resolver_child.h"
#include "io/runtime/blocking.h"
#include "io/runtime/stopping.h"
#include "io/store/posix_disk.h"

namespace danewerk::app {
namespace {

constexpr std::size_t cached_answers = 200'000;
constexpr std::size_t cached_plans = 20'000;
constexpr Duration patience_at_stop = std::chrono::seconds(30);
constexpr Duration watch_interval = std::chrono::seconds(10);
constexpr Duration listen_retry = std::chrono::seconds(2);
constexpr Duration housekeeping_interval = std::chrono::hours(1);
constexpr Duration pause_between_slices{50};
constexpr const char* why_no_policies = "set https.listen and zone.name: policies are served over HTTPS, and announced in our zone";

types::LogLevel level_of(const std::string& word) {
  for (const auto level : {types::LogLevel::debug, types::LogLevel::info, types::LogLevel::notice, types::LogLevel::warning}) {
    if (word == types::to_string(level)) return level;
  }
  return types::LogLevel::error;
}

service::HostNames host_names(const EdgeSettings& edge) {
  service::HostNames names{edge.hostname, {}};
  for (const NameByAddress& one : edge.names_by_address) names.by_address.push_back({one.address, one.name});
  return names;
}

/// The waits of design.md 9.8 with the operator's numbers: ordinary failures double from the first wait to the longest.
retry::Schedule schedule_of(const DeliverySettings& from) {
  retry::Schedule schedule = retry::Schedule::standard();
  schedule.policy = {{from.policy_first_retry, from.policy_first_retry}, from.policy_max_retry, 10, from.policy_give_up_after};
  schedule.ordinary = {{}, from.max_retry, 10, from.give_up_after};
  for (Duration wait = from.first_retry; wait < from.max_retry; wait *= 2) schedule.ordinary.first.push_back(wait);
  schedule.ours.then = std::min(schedule.ours.then, from.max_retry);
  for (Duration& wait : schedule.ours.first) wait = std::min(wait, from.max_retry);
  return schedule;
}

service::ClientManners manners_of(const Settings& settings) {
  const DeliverySettings& from = settings.delivery;
  service::ClientManners manners{from.hostname.to_string(), {}, io::AddressFilter(from.allow_networks), from.source_addresses, from.connect_timeout};
  for (const NameByAddress& one : settings.edge.names_by_address) manners.names_by_address.push_back({one.address, one.name.to_string()});
  for (const PoolSettings& pool : from.pools) {
    service::SourcePool& made = manners.pools.emplace_back(service::SourcePool{pool.name, {}});
    for (const NameByAddress& one : pool.addresses) made.addresses.push_back({one.address, one.name.to_string()});
  }
  return manners;
}

types::Rules rules_of(const Settings& settings) {
  types::Rules rules;
  rules.own_names = {settings.edge.hostname};
  for (const NameByAddress& one : settings.edge.names_by_address) rules.own_names.push_back(one.name);
  rules.own_addresses = settings.zone.mx_addresses;
  rules.waivers = settings.delivery.tls_required_no;
  return rules;
}

/// Mail that a suspended tenant sent waits; what it is sent goes on, unless that was stopped too. Notices of ours always go.
std::optional<std::string> why_held(const io::Domains& domains, const types::TenantId& tenant, types::Origin origin) {
  const types::Suspension* suspension = domains.suspension(tenant);
  if (!suspension || origin == types::Origin::notice) return std::nullopt;
  if (origin == types::Origin::inbound && suspension->inbound == types::Suspension::Inbound::continues) return std::nullopt;
  return "held: tenant " + tenant.to_string() + " is suspended since " + to_rfc3339(suspension->at) + " by " + suspension->who + ": " + suspension->why;
}

service::EdgeRules edge_rules(const Settings& settings, const std::vector<types::Endpoint>& listen) {
  service::EdgeRules rules;
  rules.listen = listen;
  rules.names = host_names(settings.edge);
  rules.limits.message = settings.edge.max_message;
  rules.limits.recipients = settings.edge.max_recipients;
  rules.timeouts.command = settings.edge.command_timeout;
  return rules;
}

}  // namespace

/// The limits of the settings are the process's; each reactor has its part.
struct Worker::Kept {
  Kept(const DeliverySettings& from, io::Executor executor, io::Clock& clock, std::size_t reactors)
      : lines(executor, clock, {from.idle_time, from.messages_per_connection, (from.idle_connections + reactors - 1) / reactors}),
        tickets((from.tls_sessions + reactors - 1) / reactors),
        plans(cached_plans / reactors) {}
  service::Lines lines;
  service::Tickets tickets;
  service::Plans plans;
};

Worker::Worker(const Settings& settings)
    : settings_(settings),
      log_(clock_, STDERR_FILENO, settings.server.log_style == LogStyle::json ? io::LogFormat::json : io::LogFormat::logfmt,
           level_of(settings.server.log_level)) {}

Worker::~Worker() { stop(); }

Result<void> Worker::start() {
  TRY_VOID(open_store());
  reactors_ = std::make_unique<io::ReactorPool>(settings_.server.reactors);
  group_.emplace(home().executor(), "worker");
  running_ = true;
  reactors_->start();
  TRY_VOID(start_resolvers());
  build_hosting();
  TRY_VOID(build_sts());
  TRY_VOID(build_delivery());
  TRY_VOID(settings_.zone.name.is_root() ? serve_without_zone() : build_publisher());
  build_prover();
  TRY_VOID(build_domains());
  TRY_VOID(build_alerts());
  if (publisher_) TRY_VOID(build_policy_desk());
  tell_left_policies();
  build_edges();
  TRY_VOID(open_control());
  scheduler_->start();
  home().post([this] {
    group_->spawn("housekeeping", keep_house());
    group_->spawn("watch", watch_own_side());
  });
  log_.event(worker_started, {{"hostname", settings_.edge.hostname.to_string()}, {"domains", std::to_string(domains_->snapshot()->size())}});
  return {};
}

Result<void> Worker::open_store() {
  io::StoreSettings settings;
  settings.room_floor = settings_.server.min_free_space;
  TRY(store_, io::Store::open(std::make_shared<io::PosixDisk>(settings_.server.state_directory + "/mail"), settings));
  const io::SweepReport& swept = store_->swept();
  if (swept.orphans_removed > 0 || !swept.bodies_missing.empty()) {
    log_.event(store_swept, {{"orphans", std::to_string(swept.orphans_removed)}, {"missing", std::to_string(swept.bodies_missing.size())}});
  }
  queue_.emplace(*store_);
  keys_.emplace(*store_);
  TRY(domains_, io::DomainStore::open(*store_));
  TRY(connectors_, io::ConnectorStore::open(*store_));
  for (const types::StoredConnector& stored : connectors_->snapshot()->all()) {
    const auto* broken = std::get_if<types::BrokenConnector>(&stored);
    if (broken != nullptr) log_.event(connector_unreadable, {{"connector", broken->id}, {"what", broken->fault}});
  }
  TRY(dkim_store_, io::DkimStore::open(*store_));
  TRY(anchor_store_, io::AnchorStore::open(*store_));
  return {};
}

Result<void> Worker::start_resolvers() {
  answers_ = std::make_shared<io::dns::AnswerCache>(cached_answers);
  for (std::size_t i = 0; i < reactors_->size(); ++i) {
    io::dns::StubSettings settings;
    settings.server = settings_.resolver.address;
    settings.deadline = settings_.resolver.deadline;
    settings.canary.clock_fault = [this](Instant now) { return clock_fault(now, clock_.drift()); };
    if (i == 0) {
      settings.on_change = [this](const io::dns::ResolverHealth& health) {
        const bool fit = health.state == io::dns::ResolverHealth::State::fit;
        log_.event(fit ? resolver_fit : resolver_unfit, {{"resolver", settings_.resolver.address.to_string()}, {"what", health.fault}});
        alerts_.set("resolver", fit ? std::nullopt : std::optional(health.fault));
        if (fit && scheduler_) scheduler_->wake();
      };
    }
    TRY(auto resolver, io::dns::StubResolver::create(settings, reactors_->at(i).executor(), clock_, entropy_, answers_));
    resolvers_.push_back(std::move(resolver));
    io::run_on(reactors_->at(i).executor(), resolvers_.back()->start());
  }
  return {};
}

/// The keys that sign, and the negative trust anchors, if the resolver is ours to tell.
void Worker::build_hosting() {
  const auto forget = [this](const types::DomainName& name) { answers_->forget(name); };
  dkim_ = std::make_unique<service::DkimKeys>(service::DkimParts{*dkim_store_, [this] { return domains_->snapshot(); }, *resolvers_.front(), clock_, log_,
                                                                 settings_.edge.hostname, forget});
  home().post([this] { group_->spawn("dkim", dkim_->watch()); });
  if (settings_.resolver.mode != ChildOrExternal::child) return;
  resolver_anchors_ = std::make_unique<io::dns::UnboundAnchors>(io::dns::UnboundControl(io::resolver_control_socket(resolver_directory(settings_))));
  anchors_ = std::make_unique<service::AnchorKeeper>(service::AnchorParts{*anchor_store_, *resolver_anchors_, clock_, log_, forget});
  home().post([this] { group_->spawn("negative trust anchors", anchors_->keep()); });
}

types::HopKey Worker::hop_of(const types::MailDomain& domain) const {
  const auto* name = std::get_if<types::DomainName>(&domain);
  const auto snapshot = domains_->snapshot();
  return name && snapshot->find(*name) ? service::route_key(*name) : service::mx_key(domain);
}

types::DeliveryTerms Worker::terms_for(const std::optional<types::TenantId>& tenant, const types::MailDomain& domain, Instant now) const {
  const auto rules = connectors_->snapshot();
  if (rules->all().empty()) return {};
  const auto own = tenant ? rules->of(*tenant) : std::span<const types::StoredConnector>{};
  return connector::terms_of(connector::decide(rules->adrift(), own, rules->for_all(), domain, now));
}

Result<void> Worker::build_sts() {
  auto trust = tls::TrustStore::read(settings_.delivery.trust_store);
  if (trust) {
    trust_ = *std::move(trust);
  } else {  // mail that needs a certificate judged waits, all other mail flows
    log_.event(no_trust_store, {{"what", trust.error().what}});
  }
  const std::size_t at_once = std::max(1U, settings_.mta_sts.max_fetches);
  TRY(https_, io::HttpsClient::start(io::AddressFilter(settings_.mta_sts.allow_networks), {at_once, (at_once + 7) / 8}));
  sts_store_.emplace(*store_);
  sts_ = std::make_unique<service::StsService>(
      service::StsParts{*sts_store_, *resolvers_.front(), *https_, trust_, clock_, log_, home().executor()});
  sts_bridge_ = std::make_unique<StsBridge>(*sts_);
  home().post([this] { group_->spawn("mta-sts", sts_->keep_fresh()); });
  return {};
}

Result<void> Worker::build_delivery() {
  TRY(auto tls, io::ClientContext::make());
  service::ClientManners manners = manners_of(settings_);
  manners.trust = trust_;
  notices_ = std::make_unique<service::DsnNotices>(*queue_, clock_, settings_.edge.hostname,
                                                   [this](const types::MailDomain& domain) { return hop_of(domain); }, dkim_.get());
  const auto route_of = [this](const types::DomainName& domain) -> std::optional<types::Route> {
    const auto snapshot = domains_->snapshot();
    const types::AcceptedDomain* own = snapshot->find(domain);
    return own ? std::optional(own->route) : std::nullopt;
  };
  std::function<std::shared_ptr<const io::AnchorStore::Anchors>()> anchors;  // a resolver that is not ours holds none of ours
  if (anchors_) anchors = [this] { return anchor_store_->snapshot(); };
  const auto held = [this](const types::TenantId& tenant, types::Origin origin) { return why_held(*domains_->snapshot(), tenant, origin); };
  std::vector<service::DeliverOne> deliver_on;
  for (std::size_t i = 0; i < reactors_->size(); ++i) {
    Kept& kept = *kept_.emplace_back(std::make_unique<Kept>(settings_.delivery, reactors_->at(i).executor(), clock_, reactors_->size()));
    deliveries_.push_back(std::make_unique<service::DeliveryParts>(
        service::DeliveryParts{*queue_, *resolvers_[i], clock_, entropy_, log_, *notices_, tls, manners,
                               rules_of(settings_), schedule_of(settings_.delivery), route_of, settings_.delivery.delay_notice_after,
                               {&kept.lines, &kept.tickets, &kept.plans}}));
    deliveries_.back()->terms_for = [this](const auto& tenant, const types::MailDomain& domain, Instant now) { return terms_for(tenant, domain, now); };
    deliveries_.back()->held = held;
    deliveries_.back()->anchors = anchors;
    deliveries_.back()->proofs = settings_.delivery.keep_proofs == KeepProofs::dane ? service::ProofWish::dane : service::ProofWish::none;
    deliveries_.back()->sts = sts_bridge_.get();
    deliveries_.back()->hear = [this](const types::HopKey& hop, const pace::Signal& signal) {
      own_faults_.note(hop.text, signal.fault, clock_.now());
      scheduler_->hear(hop, signal);
    };
    const service::DeliveryParts& parts = *deliveries_.back();
    deliver_on.push_back([&parts](types::DueRecipients due) { return service::deliver(parts, std::move(due)); });
  }
  const service::SchedulerLimits limits{settings_.delivery.max_concurrent, std::max(1U, settings_.delivery.max_per_destination)};
  scheduler_ = std::make_unique<service::Scheduler>(*queue_, clock_, log_, home(), *reactors_, std::move(deliver_on), limits);
  return {};
}

void Worker::build_prover() {
  proofs_.emplace(*store_);
  const auto ask = [this](types::DnsQuestion question) {
    return io::dns::ask_signed(settings_.resolver.address, std::move(question), entropy_, settings_.resolver.deadline);
  };
  const auto anchors = [path = settings_.resolver.trust_anchor]() -> Result<std::vector<engine::dnssec::TrustAnchor>> {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto read = engine::dnssec::read_trust_anchors(text);
    if (!file || !read) return fail(ErrorKind::refused, "resolver.trust_anchor " + path + ": " + (file ? read.error().what : "cannot be read"));
    return read;
  };
  keeper_ = std::make_unique<service::ProofKeeper>(service::ProverParts{*proofs_, clock_, log_, service::real_crypto(), ask, anchors});
  home().post([this] { group_->spawn("prover", keeper_->run()); });
}

/// Settings that were taken away leave policies behind that senders go on obeying. The alerts are logged, shown by `status`, and sent.
void Worker::tell_left_policies() {
  const LeftPolicies left = left_policies(settings_, *store_, home(), clock_.now());
  alerts_.set("mta-sts hosting", left.without_server);
  alerts_.set("mta-sts certificates", left.certificates);
}

void Worker::build_edges() {
  door_ = std::make_unique<service::Door>(service::Door::Limits{settings_.edge.max_connections, settings_.edge.max_connections_per_peer});
  house_ = std::make_unique<service::House>([this] { return domains_->snapshot(); }, host_names(settings_.edge), std::nullopt);
  inbound_ = std::make_unique<service::InboundAdmission>(*house_);
  submission_ = std::make_unique<service::SubmissionAdmission>(*house_, settings_.submission.networks);
  const auto add = [&](const service::Admission& admission, const std::vector<types::Endpoint>& listen) {
    if (listen.empty()) return;
    service::EdgeParts parts{*reactors_, *store_, *queue_, admission, *door_, clock_, log_, [this] { return certificate_.current(); },
                             [this] { scheduler_->wake(); }, admission.origin() == types::Origin::submission ? dkim_.get() : nullptr};
    if (!groups_.empty()) parts.by_name = [this](std::string_view host) { return context_for(host); };
    service::EdgeRules rules = edge_rules(settings_, listen);
    if (admission.origin() == types::Origin::submission) rules.waivers = settings_.delivery.tls_required_no;
    edges_.push_back(std::make_unique<service::Edge>(std::move(parts), std::move(rules)));
  };
  add(*inbound_, settings_.edge.listen);
  add(*submission_, settings_.submission.listen);
  auto waiting = std::make_shared<std::vector<service::Edge*>>();
  for (auto& edge : edges_) waiting->push_back(edge.get());
  home().post([this, waiting] { group_->spawn("edge", listen_when_certified(waiting)); });
}

/// PUB-01, SNI-03: nobody reaches us before the record of the key we serve was seen by the world.
io::Task<> Worker::listen_when_certified(std::shared_ptr<std::vector<service::Edge*>> edges) {
  co_await certificate_.first();
  co_await await_groups();
  for (service::Edge* edge : *edges) group_->spawn("edge", listen_at_last(*edge));
}

/// Where the address is taken (by another mail server, in the usual case) the operator is told, and the edge listens as soon as it is free.
io::Task<> Worker::listen_at_last(service::Edge& edge) {
  const bool is_submission = &edge == edges_.back().get() && !settings_.submission.listen.empty();
  const std::string subject = is_submission ? "submission" : "edge";
  auto listening = edge.start();
  if (!listening) log_.event(edge_failed, {{"what", listening.error().what}});
  while (!listening) {
    alerts_.raise(subject, listening.error().what);
    co_await clock_.sleep_for(listen_retry);
    listening = edge.start();
  }
  alerts_.clear(subject);
  std::string where;
  for (const types::Endpoint& at : edge.endpoints()) where += (where.empty() ? "" : ",") + at.to_string();
  log_.event(edge_listens, {{"at", where}, {"key", certificate_.key()}});
}

/// Forgets finished messages when their time is over, then the oldest while there are too many: a slice at a time, with a
/// pause between slices, so that nothing else waits for it.
io::Task<Result<void>> Worker::prune_history() {
  const Instant before = clock_.now() - settings_.server.history;
  CO_TRY(const ByteCount waiting, co_await queue_->waiting_octets());
  while (true) {
    CO_TRY(std::uint32_t pruned, co_await queue_->prune_history(before));
    if (pruned == 0) {
      CO_TRY(pruned, co_await queue_->prune_to_size(settings_.server.history_size, waiting));
    }
    if (pruned == 0) co_return Result<void>();
    co_await clock_.sleep_for(pause_between_slices);
  }
}

io::Task<> Worker::keep_house() {
  while (true) {
    auto pruned = co_await prune_history();
    if (!pruned) log_.event(prune_failed, {{"what", pruned.error().what}});
    co_await clock_.sleep_for(housekeeping_interval);
  }
}

/// What stops mail and is no destination's fault; the resolver tells of itself.
io::Task<> Worker::watch_own_side() {
  while (true) {
    alerts_.set("clock", clock_fault(clock_.now(), clock_.drift()));
    const auto broken = store_->broken();
    alerts_.set("store", broken ? std::optional(broken->what) : std::nullopt);
    const auto room = store_->has_room(ByteCount{0});
    alerts_.set("disk", room ? std::nullopt : std::optional(room.error().what));
    alerts_.set("delivery", own_faults_.standing(clock_.now()));
    if (publisher_) watch_publishers();
    co_await clock_.sleep_for(watch_interval);
  }
}

Result<void> Worker::open_control() {
  operated_ = std::make_unique<OperatedParts>(OperatedParts{*queue_, *store_, *domains_, *deliveries_.front(), *scheduler_,
                                                            settings_.edge.hostname.to_string(), {}, {}, dkim_.get(), dkim_.get(), anchors_.get(),
                                                            &*proofs_, keeper_.get()});
  operated_->alerts = &alerts_;
  operated_->life = life_parts();
  if (publisher_) {
    operated_->mx_host_of = [plan = settings_.zone.mx_plan()](const types::DomainName& domain) {
      auto host = types::mx_host(domain, domain_digest(domain), plan);
      return host ? host->to_string() : host.error().what;
    };
    operated_->publisher_status = [this] {
      std::vector<service::PublisherStatus> groups;
      for (const service::Publisher* publisher : publishers_) groups.push_back(publisher->status());
      Json json = zone_json(groups);
      if (hosts_) put(json, {"hosts", hosts_json(hosts_->status(), delegations_->faults())});
      return json;
    };
    operated_->publisher = publisher_.get();
    operated_->publishers = publishers_;
    add_zone_operations(operations_, *zone_parts_);
  } else {
    add_zone_operations_without_zone(operations_);
  }
  add_queue_operations(operations_, *operated_);
  add_trace_operation(operations_, *operated_);
  add_prove_operation(operations_, *operated_);
  add_domain_operations(operations_, *operated_);
  add_domain_life_operations(operations_, *operated_);
  add_import_operation(operations_, *operated_);
  add_send_operation(operations_, *operated_);
  add_explain_operation(operations_, *operated_);
  add_status_operation(operations_, *operated_);
  add_metrics_operation(operations_, *operated_);
  add_connector_operations(operations_, *operated_, *connectors_);
  add_connector_simulation(operations_, *operated_);
  add_tenant_operations(operations_, *operated_);
  add_dkim_operations(operations_, *operated_);
  add_anchor_operations(operations_, *operated_);
  add_key_operations(operations_, *operated_);
  desk_->add_operations(operations_);
  add_mta_sts_operations(operations_, policy_desk_ && !settings_.https.listen.empty() ? &policy_desk_->host() : nullptr, why_no_policies, clock_);
  control_.emplace(home().executor(), operations_, log_);
  return control_->open(settings_.control_socket());
}

void Worker::stop() {
  if (!running_) return;
  running_ = false;
  log_.event(worker_stopping, {});
  if (alert_https_) alert_https_->stop();
  if (https_) https_->stop();  // whoever waits for a policy host waits no longer
  io::ending_of(*group_, io::Cancel::yes).wait();
  if (policy_desk_) policy_desk_->stop();
  if (desk_) desk_->stop();
  for (auto& edge : edges_) io::run_on(home().executor(), edge->stop(patience_at_stop));
  if (control_) io::ending_of(control_->group(), io::Cancel::yes).wait();
  if (scheduler_) scheduler_->stop(patience_at_stop);
  for (std::size_t i = 0; i < kept_.size(); ++i) io::run_on(reactors_->at(i).executor(), kept_[i]->lines.stop());
  if (domain_keeper_) io::ending_of(domain_keeper_->group(), io::Cancel::yes).wait();
  if (sts_) io::ending_of(sts_->group(), io::Cancel::yes).wait();
  for (std::size_t i = 0; i < resolvers_.size(); ++i) io::run_on(reactors_->at(i).executor(), resolvers_[i]->stop());
  reactors_->stop();
}

}  // namespace danewerk::app
