// CertificateDesk: everything that has to do with certificates of others, put together: the ACME client, its challenges, the small
// HTTP server, what the operator's tool stages; and the source that the publisher asks.
#pragma once

#include <memory>

#include "app/config/settings.h"
#include "app/control/alerts.h"
#include "app/control/certificate_operations.h"
#include "io/acme/acme_client.h"
#include "io/http/http_server.h"
#include "io/runtime/reactor.h"
#include "service/publisher/certificate_source.h"
#include "service/publisher/challenge_records.h"

namespace danewerk::app {

/// All of it outlives it.
struct DeskParts {
  const Settings& settings;
  io::Store& store;
  io::KeyStore& keys;
  io::dns::Resolver& resolver;
  io::Clock& clock;
  io::Log& log;
  Alerts& alerts;
  io::Reactor& home;
  std::function<std::shared_ptr<const tls::TrustStore>()> trust;
  service::ChallengeRecords* records = nullptr;  ///< null without a zone
  service::NamesOfGroup names_of = [](const std::string&) { return std::vector<types::DomainName>(); };  ///< `*.<shard>.<zone>`
  std::function<std::string(const std::string& group)> next_key_awaits = nullptr;  ///< see CertificateOperated; asked on the home reactor
};

/// From any thread but the reactor's. Error: as HttpServer::listen.
Result<void> listen_on(io::Reactor& home, io::HttpServer& server, const std::vector<types::Endpoint>& at);

class CertificateDesk {
 public:
  /// Listens where http.listen says. Error: as Listener::open; unavailable where acme.external_account_file cannot be read.
  static Result<std::unique_ptr<CertificateDesk>> open(DeskParts parts);

  /// Whom the publisher asks; null where we issue ourselves.
  service::CertificateSource* source() noexcept { return source_.get(); }
  /// Null where we speak to no CA.
  service::AcmeIssuer* issuer() noexcept { return issuer_.get(); }
  io::CertificateStore& store() noexcept { return store_; }
  void add_operations(Operations& operations) { add_certificate_operations(operations, *operated_); }
  /// From another thread, while the home reactor runs.
  void stop();

 private:
  explicit CertificateDesk(DeskParts parts) : parts_(std::move(parts)), store_(parts_.store) {}
  void build_challenges();
  Result<void> build_acme();
  Result<void> listen();
  io::Task<io::HttpReply> answer(io::HttpCall call);

  DeskParts parts_;
  io::CertificateStore store_;
  std::unique_ptr<service::Challenges> challenges_;
  std::unique_ptr<io::AcmeClient> client_;
  std::unique_ptr<service::AcmeIssuer> issuer_;
  std::unique_ptr<service::CertificateSource> source_;
  std::unique_ptr<io::HttpServer> http_;
  std::unique_ptr<CertificateOperated> operated_;
};

}  // namespace danewerk::app
