// AcmeIssuer: keeps certificates of a public CA coming, for the edge's published keys and for customers' names.
//
// The key is there before the CA is asked, and for the edge its record is published and seen everywhere: so whatever the CA does, nothing
// that serves depends on it. An order is: CAA asked first; the order written down; the client run; what it brings looked at (this
// key, these names, valid now) and only then kept. What fails is told once in the CA's own words, and tried again when
// engine/issuance says so, never sooner.
//
// The publisher asks by obtain(), which answers at once: the order itself runs in a task of this service. Customers' names
// (mta-sts.contoso.example) have keys of their own; keep_names() renews them.
//
// RFC 8555, RFC 8659.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/caa/caa.h"
#include "engine/issuance/pace.h"
#include "io/acme/client_words.h"
#include "io/dns/resolver.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/runtime/task_group.h"
#include "io/store/certificate_store.h"
#include "service/certificates/challenges.h"
#include "types/certificate_order.h"

namespace danewerk::service {

/// All of it outlives it.
struct IssuerParts {
  io::CertificateStore& store;
  Challenges& challenges;
  io::dns::Resolver& resolver;
  io::Clock& clock;
  io::Log& log;
  io::Executor executor;
  /// The ACME client: a chain for this request.
  std::function<io::Task<Result<std::string, io::AcmeFailure>>(std::string label, std::string request_pem)> order;
  /// Raises or clears (no fault) an alert.
  std::function<void(const std::string& subject, const std::optional<std::string>& fault)> alert;
};

struct IssuerRules {
  std::vector<std::string> ca_names;  ///< as CAA records name the CA
  bool proves_by_http = false;        ///< names outside of our zone can be certified
  issuance::Limits limits;
  double spread = 0;                  ///< of this installation, in [0, 1)
  Duration check_names = std::chrono::minutes(1);
  std::uint32_t names_an_hour = 90;   ///< orders begun within an hour before no further customer's name is taken up
};

class AcmeIssuer {
 public:
  AcmeIssuer(IssuerParts parts, IssuerRules rules);
  AcmeIssuer(const AcmeIssuer&) = delete;
  AcmeIssuer& operator=(const AcmeIssuer&) = delete;

  /// For one of the edge's keys (service/publisher/certificate_source.h): the chain, or when to ask again and why; the CA's failures are told
  /// here, as event and alert, and are reasons to wait there.
  io::Task<Result<types::CertificateAnswer>> obtain(types::CertificateOrder order);
  /// Renews customers' certificates, and takes out what interrupted orders left. Until cancelled.
  io::Task<> keep_names();
  /// Begins to have one for a customer's name; it is renewed from then on. Errors: denied where it cannot be proven; conflict.
  io::Task<Result<void>> add_name(types::DomainName name, types::AdminAct act);
  /// Forgets a customer's name, its certificate and what was told of it. Error: not_found.
  io::Task<Result<void>> remove_name(types::DomainName name, types::AdminAct act);
  /// Orders under way; on its executor.
  io::TaskGroup& group() noexcept { return group_; }

 private:
  /// What is wanted: a certificate for this key and these names; `chain` is the one there is.
  struct Wish {
    std::string subject;
    std::string private_key;
    std::vector<types::DomainName> names;
    std::string chain;
  };
  io::Task<Result<types::CertificateAnswer>> consider(Wish wish);
  io::Task<> run(Wish wish);
  io::Task<Result<void>> check_names(const Wish& wish);
  io::Task<Result<std::string, io::AcmeFailure>> have_issued(const Wish& wish);
  io::Task<Result<void>> renew_names();
  io::Task<Result<void>> renew(std::string subject);
  void tell_failure(const Wish& wish, const std::string& why, Instant next);

  IssuerParts parts_;
  IssuerRules rules_;
  io::TaskGroup group_;
  struct Held {
    Instant until;
    std::string why;
  };
  std::map<std::string, Held> held_;     ///< by names: CAA says no, or could not be asked
  std::map<std::string, int> running_;   ///< by names
  std::map<std::string, Instant> quiet_until_;  ///< by subject, of customers' names: nothing is due before
};

}  // namespace danewerk::service
