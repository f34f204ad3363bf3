// StsService: which MTA-STS policy a domain has, for all deliveries of this process.
//
// The rules (engine/mtasts) need three things that wait: the TXT record, what the store remembers, and the policy host. Here
// they are introduced to each other. A hundred messages for one new domain cost one fetch, which the others join; what was
// fetched is in the store before anybody relies on it; and policies in use are fetched again before they run out, so that an
// attacker who blocks the policy host must block it for the whole of max_age (RFC 8461 10.2).
//
// Invariant: where our own store, resolver or turn fails, the answer is "unknown", never "no policy".
//
// RFC 8461 3.3, 5.1, 10.2; STS-01, STS-05, STS-06, STS-11.
#pragma once

#include <map>
#include <mutex>
#include <unordered_map>

#include "engine/mtasts/cache.h"
#include "io/log/log.h"
#include "io/runtime/task_group.h"
#include "io/store/sts_store.h"
#include "service/sts/policy_fetch.h"

namespace danewerk::service {

/// What StsService works with; all of it outlives it.
struct StsParts {
  io::StsStore& store;
  io::dns::Resolver& resolver;  ///< of the home reactor: for policy hosts
  io::HttpsGetter& https;
  std::shared_ptr<const tls::TrustStore> trust;  ///< null: no policy can be fetched, and that is our trouble
  io::Clock& clock;
  io::Log& log;
  io::Executor home;  ///< fetches run here
};

class StsService {
 public:
  explicit StsService(StsParts parts);
  StsService(const StsService&) = delete;
  StsService& operator=(const StsService&) = delete;

  /// From any reactor; `resolver` is the caller's own. Fetches where the rules say so: may take a minute.
  io::Task<types::StsFact> look(io::dns::Resolver& resolver, types::DomainName domain);
  /// STS-11: before mail is returned because of a policy: fetches it whatever the record says, unless that was done just now.
  io::Task<types::StsFact> recheck(io::dns::Resolver& resolver, types::DomainName domain);
  /// Refreshes what is due and forgets what is unused, again and again until cancelled. On the home reactor.
  io::Task<> keep_fresh();
  /// One pass of it: how many policies were fetched again.
  io::Task<std::size_t> refresh_due();
  /// Of the fetches under way; to be ended before what they use is destroyed.
  io::TaskGroup& group() noexcept { return group_; }

 private:
  /// What is remembered of a domain, or why we do not know.
  struct Known {
    std::optional<types::StsMemory> memory;
    std::optional<std::string> unknown;
  };
  struct Recent {
    std::optional<types::StsMemory> memory;
    Instant read;
  };
  enum class Why : std::uint8_t { mail, refresh };
  class Answer;

  io::Task<Known> recall(types::DomainName domain);
  /// Joins a fetch of the same domain that is under way.
  io::Task<Known> fetched(types::DomainName domain, std::string id, std::optional<types::StsMemory> memory, Why why);
  io::Task<> fetch(types::DomainName domain, std::string id, std::optional<types::StsMemory> memory, Why why);
  io::Task<Known> keep(types::DomainName domain, types::StsMemory memory);
  io::Task<bool> refresh(types::DomainName domain, types::StsMemory memory);
  io::Task<> mark_used(types::DomainName domain, Instant at);
  void note_use(const types::DomainName& domain, const std::optional<types::StsMemory>& memory);
  void remember(const types::DomainName& domain, const std::optional<types::StsMemory>& memory);
  void answer(const types::DomainName& domain, const Known& known);
  void tell(const types::DomainName& domain, const types::StsMemory& before, const types::StsMemory& after, Why why);

  StsParts parts_;
  io::TaskGroup group_;
  std::mutex mutex_;
  std::unordered_map<types::DomainName, Recent> recent_;                            // under the mutex
  std::map<types::DomainName, std::vector<io::Completion<Known>>> under_way_;       // under the mutex
};

}  // namespace danewerk::service
