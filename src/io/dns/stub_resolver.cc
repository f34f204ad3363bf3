#include "io/dns/stub_resolver.h"

#include "io/dns/exchange.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {

using types::DnsQuestion;
using types::Lookup;
using types::LookupErrorKind;

Result<std::unique_ptr<StubResolver>> StubResolver::create(StubSettings settings, Executor executor, Clock& clock, Entropy& entropy,
                                                           std::shared_ptr<AnswerCache> cache) {
  // RES-05, RFC 4035 4.9.3: the AD bit of a resolver that others can speak for is worth nothing.
  if (!settings.server.address.is_loopback()) {
    return fail(ErrorKind::refused, "resolver " + settings.server.to_string() +
                                        " is not on a loopback address: its AD bit could be anybody's. Run a validating "
                                        "resolver on this machine and name that");
  }
  return std::unique_ptr<StubResolver>(new StubResolver(std::move(settings), executor, clock, entropy, std::move(cache)));
}

StubResolver::StubResolver(StubSettings settings, Executor executor, Clock& clock, Entropy& entropy, std::shared_ptr<AnswerCache> cache)
    : settings_(std::move(settings)),
      clock_(clock),
      entropy_(entropy),
      cache_(std::move(cache)),
      gate_(executor, settings_.max_in_flight),
      group_(executor, "dns-stub") {
  health_.since = clock_.now();
}

Failure<types::LookupError> StubResolver::failure(LookupErrorKind kind, const DnsQuestion& question, const std::string& why) const {
  return {types::LookupError{kind, question.to_string() + ": " + why, clock_.now(), {}}};
}

Failure<types::LookupError> StubResolver::unfit(const DnsQuestion& question) const {
  const bool unchecked = health_.state == ResolverHealth::State::unchecked;
  return failure(LookupErrorKind::resolver_unfit, question,
                 "resolver " + settings_.server.to_string() + (unchecked ? " has not been checked yet" : " is unfit: " + health_.fault));
}

/// However a flight ends, those who wait for it are told.
struct StubResolver::Landing {
  Landing(StubResolver& resolver, DnsQuestion asked, std::shared_ptr<Flight> of)
      : owner(resolver), question(std::move(asked)), flight(std::move(of)) {}
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;
  ~Landing() {
    if (!flight->result) flight->result = owner.failure(LookupErrorKind::resolver_unfit, question, "the resolver is stopping");
    owner.flights_.erase(question);
    flight->landed.set();
  }
  StubResolver& owner;
  DnsQuestion question;
  std::shared_ptr<Flight> flight;
};

Task<Lookup> StubResolver::ask(DnsQuestion question) {
  if (!is_fit()) co_return unfit(question);
  if (auto kept = cache_->find(question, clock_.now())) {
    ++health_.cache_hits;
    co_return *std::move(kept);
  }
  std::shared_ptr<Flight> flight;
  if (const auto found = flights_.find(question); found != flights_.end()) {
    ++health_.shared;
    flight = found->second;
  } else {
    if (gate_.waiting() >= settings_.max_waiting) {
      co_return failure(LookupErrorKind::timeout, question, std::to_string(gate_.waiting()) + " lookups are waiting already");
    }
    flight = std::make_shared<Flight>(group_.executor());
    flights_.emplace(question, flight);
    if (!group_.spawn("lookup", fly(question, flight))) {
      flights_.erase(question);
      co_return failure(LookupErrorKind::resolver_unfit, question, "the resolver is stopping");
    }
  }
  co_await flight->landed.wait();
  co_return *flight->result;
}

Task<Lookup> StubResolver::ask_past_cache(DnsQuestion question) {
  if (!is_fit()) co_return unfit(question);
  Lookup result = co_await lookup(question);
  if (!is_fit()) co_return unfit(question);
  if (result) cache_->keep(question, result, clock_.now(), settings_.failure_ttl);
  co_return result;
}

Task<> StubResolver::fly(DnsQuestion question, std::shared_ptr<Flight> flight) {
  const Landing landing(*this, question, flight);
  const Instant began = clock_.now();
  Lookup result = co_await lookup(question);
  // Silence is the name's fault only if the resolver still answers for others; a fault of ours must not count against the
  // message (design.md 9.8). A check that succeeded meanwhile has told already.
  const bool silent = !result && result.error().kind == LookupErrorKind::timeout;
  if (silent && health_.checked <= began) co_await check();
  // The canary may have failed meanwhile: then this answer is not to be believed either.
  if (!is_fit()) result = unfit(question);
  if (!result) ++health_.failures;
  const bool keep = result || result.error().kind == LookupErrorKind::bogus || result.error().kind == LookupErrorKind::server_failure;
  if (keep) cache_->keep(question, result, clock_.now(), settings_.failure_ttl);
  flight->result = std::move(result);
}

Task<Result<Bytes>> StubResolver::in_turn(DnsQuestion question, std::uint16_t id) {
  const Gate::Pass pass = co_await gate_.enter();
  ++health_.queries;
  DnsQuery query{settings_.server, id, question, build_query(id, question, Recursion::desired), settings_.retransmit};
  auto reply = co_await exchange(std::move(query));
  co_return reply;
}

/// Past the cache and the canary: one question to the resolver.
Task<Lookup> StubResolver::lookup(DnsQuestion question) {
  const auto id = static_cast<std::uint16_t>(entropy_.number());
  auto reply = co_await within(settings_.deadline, in_turn(question, id));
  if (reply) co_return read_reply(*reply, question, clock_.now(), settings_.limits);
  switch (reply.error().kind) {
    case ErrorKind::timeout: co_return failure(LookupErrorKind::timeout, question, reply.error().what);
    case ErrorKind::malformed: co_return failure(LookupErrorKind::malformed, question, reply.error().what);
    default: co_return failure(LookupErrorKind::unreachable, question, reply.error().what);
  }
}

Task<> StubResolver::start() {
  co_await check();
  group_.spawn("canary", watch());
}

Task<> StubResolver::stop() {
  group_.stop();
  co_await group_.join();
}

Task<> StubResolver::watch() {
  for (;;) {
    const Duration pause = is_fit() ? settings_.canary.interval : settings_.canary.retry;
    co_await clock_.sleep_for(pause);
    co_await check();
  }
}

Task<> StubResolver::check() {
  auto fault = co_await find_fault();
  set_health(std::move(fault));
}

Task<std::optional<std::string>> StubResolver::find_fault() {
  const CanarySettings& canary = settings_.canary;
  if (canary.clock_fault) {
    if (auto fault = canary.clock_fault(clock_.now())) co_return "clock: " + *fault;
  }
  const Lookup secure = co_await lookup(canary.secure);
  if (auto fault = secure_name_fault(canary.secure, secure)) co_return fault;
  if (canary.bogus) {
    const Lookup bogus = co_await lookup(*canary.bogus);
    if (auto fault = bogus_name_fault(*canary.bogus, bogus)) co_return fault;
  }
  if (canary.insecure) {
    const Lookup insecure = co_await lookup(*canary.insecure);
    if (auto fault = insecure_name_fault(*canary.insecure, insecure)) co_return fault;
  }
  co_return std::nullopt;
}

void StubResolver::set_health(std::optional<std::string> fault) {
  const auto state = fault ? ResolverHealth::State::unfit : ResolverHealth::State::fit;
  health_.checked = clock_.now();
  // What was learned since the last success may have come from a resolver that was unfit already.
  if (fault) cache_->clear();
  const bool changed = state != health_.state || fault.value_or("") != health_.fault;
  if (state != health_.state) health_.since = health_.checked;
  health_.state = state;
  health_.fault = fault.value_or("");
  if (changed && settings_.on_change) settings_.on_change(health());
}

ResolverHealth StubResolver::health() const {
  ResolverHealth out = health_;
  out.in_flight = flights_.size();
  return out;
}

}  // namespace danewerk::io::dns
