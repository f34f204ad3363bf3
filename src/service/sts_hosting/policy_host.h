// PolicyHost: serves MTA-STS policies for domains of ours, and leads each through its life.
//
// What is served must be there before senders are told of it, must name every host an MX record may lead to, and must stay until
// nobody holds it: engine/mtasts/hosting says so, from facts. Here they are gathered: a look at the domain as strangers see it (the policy host's
// name, its certificate, the text as fetched over HTTPS, the record, the MX), the facts written down, the one next step done. Killed
// at any point it goes on from the facts.
//
// What is served is in memory for all domains (a few hundred octets each), so that a request costs no lookup; a text is served only
// after its version is in the store.
//
// RFC 8461 8; STS-P1 to STS-P5.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/mtasts/hosting.h"
#include "io/dns/gate.h"
#include "io/dns/resolver.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/hosted_policy_store.h"
#include "types/zone_change.h"

namespace danewerk::service {

struct PolicyHostSettings {
  types::DomainName host;                     ///< what owners point "mta-sts" to: mta-sts.<zone>
  std::vector<types::IpAddress> addresses;    ///< its own
  mtasts::HostingTimes times;
  Duration look_interval = std::chrono::hours(1);
  Duration in_motion = std::chrono::minutes(1);
};

/// All of it outlives it. Functions are called on its reactor.
struct PolicyHostParts {
  io::HostedPolicyStore& store;
  io::dns::Resolver& resolver;
  io::Clock& clock;
  io::Log& log;
  std::function<bool(const types::DomainName&)> is_accepted;
  std::function<std::optional<types::DomainName>(const types::DomainName&)> mx_host_of;   ///< our MX host of the domain
  std::function<types::DomainName(const types::DomainName&)> record_name;                 ///< where its TXT record stands in our zone
  std::function<io::Task<Result<types::StsPolicy>>(types::DomainName)> fetch;             ///< as a sender would
  std::function<io::Task<Result<bool>>(types::DomainName host)> has_certificate;
  std::function<io::Task<Result<void>>(types::DomainName host, types::AdminAct)> order_certificate;
  std::function<io::Task<Result<void>>(types::DomainName host, types::AdminAct)> drop_certificate;
  std::function<io::Task<Result<void>>(types::RrSet)> publish;                            ///< returns when every server shows it
  std::function<io::Task<std::optional<std::string>>(types::DomainName)> enforce_fault;    ///< why its MX host would not pass PKIX
  std::function<void(const types::DomainName&)> forget;                                   ///< drops a name from the answer cache
  std::function<void(std::optional<std::string>)> alert;                                  ///< what is wrong on our side, or nothing
};

/// What a person wants; members without a value stay as they are.
struct HostingWish {
  types::DomainName domain;
  std::optional<types::StsPolicyMode> mode;
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::vector<types::StsMxPattern>> also;
  enum class Kind : std::uint8_t { enable, change, disable } kind = Kind::change;
};

struct HostedStatus {
  types::HostedPolicy hosted;
  mtasts::HostingSight sight;
  mtasts::HostingStep step;
  std::vector<types::Finding> findings;
  std::vector<std::string> records;  ///< for the owner's zone, in zone-file form
};

/// One reactor only.
class PolicyHost {
 public:
  PolicyHost(PolicyHostSettings settings, PolicyHostParts parts, io::Executor executor);

  /// What is to be served at https://HOST/.well-known/mta-sts.txt; nothing where nothing is hosted under that name.
  std::optional<std::string> body_for(const types::DomainName& host) const;
  bool serves(const types::DomainName& host) const { return by_host_.contains(host); }

  /// Looks at every domain again and again, until cancelled; reads the store first.
  io::Task<> watch();
  /// Looks now and does what is due. Errors: not_found where no policy is hosted; of the store.
  io::Task<Result<HostedStatus>> look_at(types::DomainName domain);
  /// What `wish` would come to, and unless it is only tried: stores it. Errors: not_found, conflict; denied where enforce must not be (STS-P5).
  enum class Doing : std::uint8_t { trying, in_earnest };
  io::Task<Result<HostedStatus>> ask(HostingWish wish, types::AdminAct act, Doing doing);
  std::vector<types::HostedPolicy> list() const;
  /// What the last look at it waited for; empty before the first.
  std::string standing_of(const types::DomainName& domain) const;
  const types::DomainName& host() const noexcept { return settings_.host; }

 private:
  using Change = std::function<void(types::HostedPolicy&)>;
  io::Task<Result<void>> load();
  io::Task<mtasts::HostingSight> look(types::HostedPolicy hosted);
  io::Task<Result<types::HostedPolicy>> change(types::DomainName domain, Change change, std::optional<types::AdminAct> act, std::string action);
  io::Task<Result<void>> carry_out(types::HostedPolicy hosted, mtasts::HostingStep step);
  io::Task<Result<void>> announce(types::HostedPolicy hosted);
  io::Task<Result<void>> forget(types::HostedPolicy hosted);
  io::Task<bool> look_in_turn(types::DomainName domain);
  io::Task<> publish_host();
  Result<types::HostedPolicy> after(const HostingWish& wish, Instant now) const;
  std::vector<types::StsMxPattern> own_hosts(const types::DomainName& domain) const;
  std::vector<std::string> records_for(const types::DomainName& domain) const;
  void remember(types::HostedPolicy hosted);
  void note_seen(const HostedStatus& status, Instant now, bool done);
  void tell_whether_mail_stops();
  void tell(const types::HostedPolicy& hosted, const std::vector<types::Finding>& findings);

  PolicyHostSettings settings_;
  PolicyHostParts parts_;
  io::dns::Gate gate_;  // one change of the facts at a time
  std::map<types::DomainName, types::HostedPolicy> hosted_;
  std::map<types::DomainName, types::DomainName> by_host_;
  struct Seen {
    Instant due{};
    std::string why;
    std::map<std::string, std::string> findings;  // code: evidence
  };
  std::map<types::DomainName, Seen> seen_;
  std::map<types::DomainName, std::string> mail_stops_;  // by our doing, with the evidence
  bool host_published_ = false;
  Instant host_due_{};
};

}  // namespace danewerk::service
