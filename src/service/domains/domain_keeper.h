// DomainKeeper: looks at accepted domains as a stranger would, writes down what it sees, and watches them for ever.
//
// A domain changes behind our back: its owner moves the MX, its DNS host lets signatures run out, an edge gets another
// certificate. look() gathers what the DNS, the policy host and a probe of our own addresses show, has engine/lifecycle make facts
// and findings of it, and keeps both. The watch does so for every domain, spread over time and bounded in rate; a domain on its way
// is looked at more often, so that it advances by itself.
//
// Probes go to our own addresses, which are the same for every domain, with the same records for all whose shards share keys: one serves all
// looks at those for a while.
// The watch tells each fault once when it begins and once when it is over (FindingStore), and what is ours also as an alert.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "engine/lifecycle/note.h"
#include "engine/lifecycle/status.h"
#include "io/dns/gate.h"
#include "io/log/log.h"
#include "io/runtime/entropy.h"
#include "io/runtime/task_group.h"
#include "io/store/domain_store.h"
#include "io/store/finding_store.h"
#include "service/domains/look.h"

namespace danewerk::service {

/// How busily the watch looks.
struct WatchPace {
  Duration interval = std::chrono::hours(24);      ///< each domain
  Duration in_motion = std::chrono::minutes(5);    ///< a domain on its way; also how long a probe serves
  std::uint32_t per_second = 20;                   ///< at most
  std::size_t at_once = 64;
};

/// All of it outlives the keeper.
struct DomainParts {
  io::DomainStore& store;
  io::FindingStore& findings;
  io::dns::Resolver& resolver;                     ///< of the reactor it runs on
  LookForPolicy policy;                            ///< may be empty
  std::function<io::Task<types::ProbeSight>(types::DomainName, std::vector<types::IpAddress>, types::TlsaSet)> probe;  ///< may be empty
  std::function<lifecycle::Expectation(const types::DomainName&)> expect;
  std::function<void(const types::DomainName&)> forget;   ///< drops a name from the caches on our side; may be empty
  std::function<void(std::optional<std::string>)> alert;  ///< what is wrong on our side, or nothing; may be empty
  io::Clock& clock;
  io::Entropy& entropy;                            ///< for the token of a quarantine
  io::Log& log;
  WatchPace pace;
  lifecycle::Patience patience;
  std::function<void(const types::DomainName&)> no_tlsa = nullptr;  ///< a look began to miss a record at its host; may be empty
};

/// What a look has come to.
struct Looked {
  types::AcceptedDomain domain;  ///< with the facts after it
  types::DomainSight sight;
  lifecycle::DomainStatus status;
};

/// One reactor only.
class DomainKeeper {
 public:
  DomainKeeper(DomainParts parts, io::Executor executor);

  enum class Probing : std::uint8_t { anew, as_remembered };
  /// Looks, notes and keeps. Errors: not_found; and what the store says.
  io::Task<Result<Looked>> look_at(types::DomainName domain, lifecycle::Skips skips, Probing probing);
  /// Walks over all domains again and again until cancelled.
  io::Task<> watch();
  /// Of the looks the watch has under way.
  io::TaskGroup& group() noexcept { return group_; }
  io::FindingStore& findings() noexcept { return parts_.findings; }
  const WatchPace& pace() const noexcept { return parts_.pace; }

 private:
  struct Remembered {
    types::TlsaSet records;
    types::ProbeSight sight;
  };
  io::Task<std::optional<types::ProbeSight>> probe(const lifecycle::Expectation& expected, const types::DomainSight& sight, Probing probing);
  io::Task<Result<void>> keep(const types::AcceptedDomain& before, const types::DomainFacts& after, const lifecycle::DomainStatus& status, bool whole);
  io::Task<> look_in_turn(types::DomainName domain, io::dns::Gate::Pass pass);
  io::Task<> remove(types::DomainName domain);
  io::Task<> tell_our_own();
  bool is_due(const types::AcceptedDomain& domain, Instant now) const;
  void tell(const types::DomainName& domain, const types::DomainFacts& before, const types::DomainFacts& after);

  DomainParts parts_;
  io::dns::Gate gate_;
  io::TaskGroup group_;
  std::set<types::DomainName> under_way_;         ///< looks of the watch: one at a time a domain, however long it takes
  std::map<std::string, Remembered> remembered_;  ///< by group of keys: another group's hosts are answered with other keys
};

}  // namespace danewerk::service
