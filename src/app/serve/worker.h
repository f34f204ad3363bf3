// Worker: the mail process, put together. Nothing here decides or waits for mail; it constructs the parts, starts them in the
// order in which they need each other, and stops them in reverse.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "app/config/settings.h"
#include "app/control/operations.h"
#include "app/control/own_faults.h"
#include "app/control/server.h"
#include "app/serve/certificate_desk.h"
#include "app/serve/policy_desk.h"
#include "app/control/zone_operations.h"
#include "app/serve/sts_bridge.h"
#include "io/dns/stub_resolver.h"
#include "io/dns/zone_updater.h"
#include "io/http/https_client.h"
#include "io/log/log.h"
#include "io/runtime/entropy.h"
#include "io/store/connector_store.h"
#include "io/store/domain_store.h"
#include "io/store/anchor_store.h"
#include "io/store/dkim_store.h"
#include "io/store/key_store.h"
#include "io/store/node_store.h"
#include "io/tls/certificate_slot.h"
#include "service/alerts/alert_sender.h"
#include "service/anchors/anchor_keeper.h"
#include "service/delivery/dsn_notices.h"
#include "service/dkim/dkim_keys.h"
#include "service/domains/domain_keeper.h"
#include "service/edge/edge.h"
#include "service/probe/prober.h"
#include "service/prover/proof_keeper.h"
#include "service/publisher/publisher.h"
#include "service/publisher/zone_watch.h"
#include "service/queue/scheduler.h"
#include "service/zones/delegations.h"
#include "service/zones/host_keeper.h"

namespace danewerk::app {

class Worker {
 public:
  explicit Worker(const Settings& settings);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Opens the store and starts everything. Without a certificate that may be served yet, the edge begins to listen as soon as
  /// there is one; all else runs meanwhile.
  Result<void> start();
  /// Ordered: edge, control, delivery, publisher, resolver, store.
  void stop();

 private:
  Result<void> open_store();
  Result<void> start_resolvers();
  void build_hosting();
  Result<void> build_sts();
  Result<void> build_delivery();
  Result<void> guard_plan();
  Result<void> build_publisher();
  Result<void> build_edge_prober();
  std::unique_ptr<service::DnsZoneAccess> zone_access_for(const zone::MxZone& zone);
  service::ProbeEdges edge_probe(const zone::MxZone& zone);
  Result<void> settle_groups();
  Result<void> build_group_publishers();
  std::optional<std::shared_ptr<const io::ServerContext>> context_for(std::string_view host) const;
  io::Task<Result<bool>> all_groups_certified();
  io::Task<> await_groups();
  std::string group_of(const types::DomainName& domain) const;
  std::vector<types::DomainName> names_of(const std::string& group) const;
  void watch_publishers();
  Result<void> build_certificates();
  std::string next_key_awaits(const std::string& group) const;
  Result<void> build_policy_desk();
  void tell_left_policies();
  io::Task<> watch_zone();
  void build_hosts();
  void build_prover();
  Result<void> build_domains();
  Result<void> build_alerts();
  io::Task<Result<void>> post_alerts(std::vector<service::AlertNews> news);
  io::Task<Result<void>> mail_alerts(std::vector<service::AlertNews> news);
  void build_edges();
  Result<void> open_control();
  Result<void> serve_without_zone();
  io::Task<> listen_when_certified(std::shared_ptr<std::vector<service::Edge*>> edges);
  io::Task<> listen_at_last(service::Edge& edge);
  io::Task<> keep_house();
  io::Task<Result<void>> prune_history();
  io::Task<> watch_own_side();
  lifecycle::Expectation expectation_of(const types::DomainName& domain) const;
  types::TlsaSet published_records(const types::DomainName& domain) const;
  std::vector<std::string> zone_lines(const types::DomainName& domain, const types::DomainFacts& before, const types::DomainFacts& after) const;
  LifeParts life_parts();
  void suspect(const types::DomainName& domain);
  io::Task<> suspected(types::DomainName domain);
  io::Reactor& home() { return reactors_->at(0); }
  types::HopKey hop_of(const types::MailDomain& domain) const;
  types::DeliveryTerms terms_for(const std::optional<types::TenantId>& tenant, const types::MailDomain& domain, Instant now) const;

  Settings settings_;
  io::SystemClock clock_;
  io::KernelEntropy entropy_;
  io::DescriptorLog log_;
  Alerts alerts_{log_, clock_};
  OwnFaults own_faults_;
  std::unique_ptr<io::Store> store_;
  std::optional<io::QueueStore> queue_;
  std::unique_ptr<io::DomainStore> domains_;
  std::unique_ptr<io::ConnectorStore> connectors_;
  std::optional<io::KeyStore> keys_;
  std::unique_ptr<io::ReactorPool> reactors_;
  std::optional<io::TaskGroup> group_;  // of the home reactor
  std::shared_ptr<io::dns::AnswerCache> answers_;
  std::vector<std::unique_ptr<io::dns::StubResolver>> resolvers_;
  std::unique_ptr<io::DkimStore> dkim_store_;
  std::unique_ptr<io::AnchorStore> anchor_store_;
  std::unique_ptr<service::DkimKeys> dkim_;
  std::unique_ptr<io::dns::UnboundAnchors> resolver_anchors_;
  std::unique_ptr<service::AnchorKeeper> anchors_;  // only where the resolver is our child
  std::shared_ptr<const tls::TrustStore> trust_;
  std::optional<io::StsStore> sts_store_;
  std::unique_ptr<io::HttpsClient> https_;
  std::unique_ptr<service::StsService> sts_;
  std::unique_ptr<io::HttpsClient> alert_https_;
  std::vector<std::unique_ptr<service::AlertSender>> alert_senders_;
  std::unique_ptr<StsBridge> sts_bridge_;
  std::unique_ptr<service::DsnNotices> notices_;
  struct Kept;  // what deliveries of one reactor leave to later ones
  std::vector<std::unique_ptr<Kept>> kept_;
  std::vector<std::unique_ptr<service::DeliveryParts>> deliveries_;
  std::unique_ptr<service::Scheduler> scheduler_;
  std::optional<io::ProofStore> proofs_;
  std::unique_ptr<service::ProofKeeper> keeper_;
  /// A group of shards with keys of its own, besides the default one: what it serves, and who publishes it.
  struct Group {
    zone::MxZone zone;
    io::CertificateSlot slot;
    std::unique_ptr<service::DnsZoneAccess> access;
    std::unique_ptr<service::Publisher> publisher;
  };
  std::vector<zone::KeyGroup> key_groups_;        // the default one first; none without a zone
  std::vector<std::uint8_t> group_of_shard_;      // index into key_groups_
  io::CertificateSlot certificate_;               // of the default group
  std::unique_ptr<io::dns::DnsZoneUpdater> updater_;
  std::unique_ptr<service::DnsZoneAccess> zone_access_;
  std::unique_ptr<service::Prober> edge_prober_;
  std::optional<io::NodeStore> node_store_;
  std::unique_ptr<service::PlainNodes> nodes_;
  std::optional<service::ChallengeRecords> challenge_records_;
  std::unique_ptr<CertificateDesk> desk_;
  std::unique_ptr<service::Publisher> publisher_;       // of the default group
  std::vector<std::unique_ptr<Group>> groups_;          // the others, in the order of key_groups_
  std::vector<service::Publisher*> publishers_;         // of all, in that order
  std::unique_ptr<PolicyDesk> policy_desk_;  // only with a zone
  std::optional<io::FindingStore> findings_;
  std::unique_ptr<service::Prober> prober_;
  std::unique_ptr<service::DomainKeeper> domain_keeper_;
  std::unique_ptr<service::ZoneWatch> zone_watch_;
  std::optional<ZoneParts> zone_parts_;
  std::optional<io::HostStore> host_store_;
  std::unique_ptr<service::HostKeeper> hosts_;
  std::unique_ptr<service::Delegations> delegations_;
  std::unique_ptr<service::Door> door_;
  std::unique_ptr<service::House> house_;
  std::unique_ptr<service::InboundAdmission> inbound_;
  std::unique_ptr<service::SubmissionAdmission> submission_;
  std::vector<std::unique_ptr<service::Edge>> edges_;
  std::unique_ptr<OperatedParts> operated_;
  Operations operations_;
  std::optional<ControlServer> control_;
  bool running_ = false;
};

}  // namespace danewerk::app
