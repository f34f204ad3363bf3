// PolicyDesk: the MTA-STS policies we host, put together: who serves them over HTTPS, whose certificates those are, where their ids stand.
#pragma once

#include <memory>

#include "app/serve/certificate_desk.h"
#include "io/http/https_client.h"
#include "io/store/domain_store.h"
#include "service/certificates/identities.h"
#include "service/publisher/zone_records.h"
#include "service/sts_hosting/policy_host.h"
#include "types/mx_host_name.h"

namespace danewerk::app {

/// All of it outlives it.
struct PolicyDeskParts {
  const Settings& settings;
  io::Store& store;
  io::KeyStore& keys;
  io::DomainStore& domains;
  io::dns::Resolver& resolver;
  io::HttpsClient& https;
  io::Clock& clock;
  io::Log& log;
  Alerts& alerts;
  io::Reactor& home;
  CertificateDesk& certificates;
  service::ZoneAccess& access;
  std::vector<service::AuthoritativeServer> servers;
  service::NamesOfGroup names_of;           ///< `*.<shard>.<zone>` of a group of keys
  std::function<std::string(const types::DomainName&)> group_of;  ///< whose keys the domain's MX host has
  std::function<std::shared_ptr<const tls::TrustStore>()> trust;
  std::function<void(const types::DomainName&)> forget;
  types::MxPlan plan;                       ///< where the domains' MX hosts are
};

/// What is amiss with policies that were hosted under other settings than these; nothing where none is, or all is well. `certificates`:
/// they are served, but what they are served with is not renewed.
struct LeftPolicies {
  std::optional<std::string> without_server;
  std::optional<std::string> certificates;
};
/// From another thread than the reactor's.
LeftPolicies left_policies(const Settings& settings, io::Store& store, io::Reactor& home, Instant now);

class PolicyDesk {
 public:
  /// Listens where https.listen says. Error: as Listener::open.
  static Result<std::unique_ptr<PolicyDesk>> open(PolicyDeskParts parts);

  service::PolicyHost& host() noexcept { return *host_; }
  /// From another thread, while the home reactor runs.
  void stop();

 private:
  explicit PolicyDesk(PolicyDeskParts parts);
  service::PolicyHostParts host_parts();
  void add_certificate_functions(service::PolicyHostParts& out);
  io::Task<io::HttpReply> answer(io::HttpCall call);
  io::Task<std::shared_ptr<const io::LoadedIdentity>> choose(std::string name);
  Result<void> listen();

  PolicyDeskParts parts_;
  io::HostedPolicyStore policies_;
  service::ZoneRecords records_;
  service::Identities identities_;
  std::unique_ptr<service::PolicyHost> host_;
  std::shared_ptr<const io::ServerContext> tls_;
  std::unique_ptr<io::HttpServer> https_;
};

}  // namespace danewerk::app
