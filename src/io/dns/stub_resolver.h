// StubResolver: the Resolver of the program. It asks one validating resolver on this machine and believes its AD bit.
//
// Validation parses hostile data, so it happens in a process of its own (Unbound by default); this stub only carries
// questions and answers. The AD bit is worth something only if nobody sits between: a resolver that is not on a loopback
// address is refused when the stub is made (RES-05), because treating its answers as insecure would switch DANE off in
// silence. A canary (canary.h) must have succeeded within the last interval: until then, and after it failed, every
// lookup is LookupErrorKind::resolver_unfit, cached answers included. What it cannot see is the time between two
// checks: a resolver that stops validating is believed for up to `interval`.
//
// One StubResolver a reactor, used from that reactor only; the cache behind it may be shared by all. Equal questions in
// flight are asked once. Every lookup ends within `deadline`, waiting in line included; one that ended in silence waits for
// the canary as well (another `deadline` at most), because a resolver that answers nobody is our fault, not the name's.
//
// RFC 7672 2.1.1; conformance RES-01..09, RES-12, RES-17..21.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "io/dns/answer_cache.h"
#include "io/dns/canary.h"
#include "io/dns/gate.h"
#include "io/dns/message.h"
#include "io/dns/resolver.h"
#include "io/runtime/clock.h"
#include "io/runtime/entropy.h"
#include "io/runtime/task_group.h"

namespace danewerk::io::dns {

struct ResolverHealth {
  enum class State : std::uint8_t { unchecked, fit, unfit };
  State state = State::unchecked;
  std::string fault;  ///< which check failed and how; empty when fit
  Instant since;      ///< of the state
  Instant checked;    ///< last time the canary ran
  std::uint64_t queries = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t shared = 0;  ///< lookups that joined one already in flight
  std::uint64_t failures = 0;
  std::size_t in_flight = 0;
};

struct StubSettings {
  types::Endpoint server;
  Duration deadline = std::chrono::seconds(10);
  Duration retransmit = std::chrono::seconds(2);
  std::size_t max_in_flight = 512;   ///< sockets at once
  std::size_t max_waiting = 20'000;  ///< beyond that a lookup fails at once
  Duration failure_ttl{0};           ///< how long bogus and SERVFAIL are remembered; at most 1 s
  AnswerLimits limits;
  CanarySettings canary;
  std::function<void(const ResolverHealth&)> on_change;  ///< called when the state or the fault changes
};

class StubResolver final : public Resolver {
 public:
  /// Error: refused, where the server is not on a loopback address.
  static Result<std::unique_ptr<StubResolver>> create(StubSettings settings, Executor executor, Clock& clock, Entropy& entropy,
                                                      std::shared_ptr<AnswerCache> cache);
  /// CHECKs that stop() has ended.
  ~StubResolver() override = default;

  /// Runs the canary once and keeps it running. Returns after the first check, whatever it showed: see health().
  Task<> start();
  /// Cancels everything in flight (those lookups end in an error) and waits for it.
  Task<> stop();

  using Resolver::ask;
  Task<types::Lookup> ask(types::DnsQuestion question) override;
  /// Past our own cache and past any flight that began earlier; the resolver may still answer from its own cache.
  Task<types::Lookup> ask_past_cache(types::DnsQuestion question);
  /// Runs the canary now: after the resolver process was restarted.
  Task<> check();
  /// Drops cached answers at and below the name.
  void forget(const types::DomainName& name) { cache_->forget(name); }
  /// Changes when the canary fails and when names are forgotten.
  std::uint64_t era() const noexcept override { return cache_->era(); }
  ResolverHealth health() const;

 private:
  struct Flight {
    explicit Flight(Executor executor) : landed(executor) {}
    Event landed;
    std::optional<types::Lookup> result;
  };
  struct Landing;

  StubResolver(StubSettings settings, Executor executor, Clock& clock, Entropy& entropy, std::shared_ptr<AnswerCache> cache);
  Task<> fly(types::DnsQuestion question, std::shared_ptr<Flight> flight);
  Task<types::Lookup> lookup(types::DnsQuestion question);
  Task<Result<Bytes>> in_turn(types::DnsQuestion question, std::uint16_t id);
  Task<> watch();
  Task<std::optional<std::string>> find_fault();
  void set_health(std::optional<std::string> fault);
  Failure<types::LookupError> failure(types::LookupErrorKind kind, const types::DnsQuestion& question, const std::string& why) const;
  Failure<types::LookupError> unfit(const types::DnsQuestion& question) const;
  bool is_fit() const noexcept { return health_.state == ResolverHealth::State::fit; }

  StubSettings settings_;
  Clock& clock_;
  Entropy& entropy_;
  std::shared_ptr<AnswerCache> cache_;
  Gate gate_;
  std::map<types::DnsQuestion, std::shared_ptr<Flight>> flights_;
  ResolverHealth health_;
  TaskGroup group_;
};

}  // namespace danewerk::io::dns
