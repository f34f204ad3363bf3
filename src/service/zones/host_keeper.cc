#include "service/zones/host_keeper.h"

#include <algorithm>

#include "io/dns/update_failure.h"
#include "io/runtime/together.h"
#include "service/zones/host_events.h"

namespace danewerk::service {
namespace {

namespace events = host_events;
using io::dns::UpdateErrorKind;
using types::HostNode;

constexpr std::size_t zones_at_once = 16;
constexpr std::size_t rows_at_once = 1000;  // in one transaction: mail is accepted by the same writer
constexpr std::uint32_t most_work = 50'000;
constexpr std::uint32_t faults_shown = 5;
constexpr Duration idle = std::chrono::seconds(1);
constexpr Duration between_counts = std::chrono::seconds(2);
constexpr Duration after_fault = std::chrono::seconds(5);
constexpr Duration in_the_way = std::chrono::minutes(5);
constexpr Duration refused_rest = std::chrono::minutes(1);

/// All that decides what stands at a host, beside the facts of its domain.
std::string form_of(const zone::MxZone& zone) {
  std::string out = zone.apex.to_string() + " " + std::to_string(zone.shards.count);
  for (const types::Holding holding : zone.holdings) out += std::string(" ") + types::to_string(holding);
  return out + " " + HostNode{HostNode::Kind::dane, zone.address_ttl, zone.mx_addresses}.to_string();
}

/// Enough for a full message to each zone.
std::uint32_t batch_size(const zone::MxZone& zone) {
  const std::size_t zones = zone::shard_zones(zone).size() + 1;
  return static_cast<std::uint32_t>(std::min<std::size_t>(most_work, std::max<std::size_t>(4000, 300 * zones)));
}

std::vector<types::ZoneChange> changes_of(const std::vector<HostStep>& steps) {
  std::vector<types::ZoneChange> out;
  for (const HostStep& step : steps) out.push_back(step.change);
  return out;
}

/// For steps that fitted one message before.
types::ZoneChange together_in_one(const std::vector<HostStep>& steps) {
  std::vector<zone::FilledChange> filled = zone::fill(changes_of(steps));
  CHECK(filled.size() == 1);
  return std::move(filled.front().change);
}

/// Nothing to change; the server only says whether exactly this stands at the host.
types::ZoneChange question_whether(const zone::MxZone& zone, const types::DomainName& apex, const types::DomainName& host, const HostNode& node) {
  types::ZoneChange out{apex, {}, {}, {}};
  zone::ask_whether(out, zone, host, node);
  return out;
}

/// What may stand at a host by our doing: a change whose answer a crash took from us is not written down.
std::vector<HostNode> ours(const zone::MxZone& zone, const HostStep& step) {
  std::vector<HostNode> out{step.wanted, step.held, HostNode{}};
  for (const auto kind : {HostNode::Kind::addresses, HostNode::Kind::dane}) out.push_back({kind, zone.address_ttl, zone.mx_addresses});
  return out;
}

}  // namespace

io::Task<> HostKeeper::run() {
  for (;;) {
    const bool more = co_await turn();
    if (more) continue;
    const Duration rest = status().fault.empty() ? idle : after_fault;
    co_await parts_.clock.sleep_for(rest);
  }
}

io::Task<bool> HostKeeper::turn() {
  auto prepared = co_await prepare();
  if (!prepared) {
    note_fault(prepared.error().what);
    co_return false;
  }
  auto work = co_await parts_.hosts.due(parts_.clock.now(), batch_size(settings_.zone));
  if (!work) {
    note_fault(work.error().what);
    co_return false;
  }
  const bool idle_now = work->empty();
  co_await note_waiting(idle_now);
  if (idle_now) {
    note_fault("");
    co_return false;
  }
  HostPlan plan = plan_hosts(settings_.zone, *work, status().held, settings_.most_hosts);
  auto done = co_await note_nothing_to_do(std::move(plan.nothing_to_do));
  if (done && !plan.no_room.empty()) {
    parts_.log.event(events::zone_full, {{"why", plan.no_room.front().fault}, {"domains", std::to_string(plan.no_room.size())}});
    done = co_await parts_.hosts.postpone(std::move(plan.no_room), parts_.clock.now() + in_the_way);
  }
  std::vector<io::Task<Result<void>>> rounds;
  for (auto at = plan.by_zone.begin(); done && at != plan.by_zone.end();) {
    rounds.push_back(bring(std::move(at->second)));
    if (++at != plan.by_zone.end() && rounds.size() < zones_at_once) continue;
    const auto results = co_await io::together(std::move(rounds));
    rounds.clear();
    for (const Result<void>& result : results) {
      if (!result) done = Failure{result.error()};
    }
  }
  note_fault(done ? "" : done.error().what);
  co_return done.has_value();
}

/// Once a start: has all domains gone through if the settings are other ones than when their hosts were last written.
io::Task<Result<void>> HostKeeper::prepare() {
  if (prepared_) co_return Result<void>{};
  const std::string zone = settings_.zone.apex.to_string();
  const std::string form = form_of(settings_.zone);
  CO_TRY(const auto facts, co_await parts_.facts.zone_facts(zone));
  const bool same = std::any_of(facts.begin(), facts.end(), [&form](const io::ZoneFact& fact) { return fact.name == "hosts" && fact.value == form; });
  if (!same) {
    io::ZoneFact begun{"hosts", "", parts_.clock.now()};  // from here on the database notes what changes
    CO_TRY_VOID(co_await parts_.facts.put_zone_fact(zone, std::move(begun)));
    CO_TRY_VOID(co_await parts_.hosts.note_all());
    io::ZoneFact fact{"hosts", form, parts_.clock.now()};
    CO_TRY_VOID(co_await parts_.facts.put_zone_fact(zone, std::move(fact)));
    parts_.log.event(events::all_anew, {{"zone", zone}});
  }
  CO_TRY_VOID(co_await forget_lost_zones());
  CO_TRY(auto held, co_await parts_.hosts.held());
  const std::lock_guard guard(mutex_);
  status_.held = std::move(held);
  prepared_ = true;
  co_return Result<void>{};
}

/// A zone may have been made anew, or brought back from before our records came: one host of each is looked for.
io::Task<Result<void>> HostKeeper::forget_lost_zones() {
  CO_TRY(const auto held, co_await parts_.hosts.held());
  for (const auto& [zone, count] : held) {
    CO_TRY(const auto sample, co_await parts_.hosts.sample(zone));
    if (!sample) continue;
    types::ZoneChange question = question_whether(settings_.zone, zone, sample->second.host, sample->second.node);
    const auto answer = co_await parts_.updater.apply(std::move(question));
    if (answer) continue;
    if (answer.error().kind != UpdateErrorKind::prerequisite_failed) co_return failure_of(answer.error());
    parts_.log.event(events::zone_lost, {{"zone", zone.to_string()}, {"hosts", std::to_string(count)}});
    CO_TRY_VOID(co_await parts_.hosts.forget(zone));
  }
  co_return Result<void>{};
}

io::Task<Result<void>> HostKeeper::note_nothing_to_do(std::vector<io::HostDone> done) {
  for (std::size_t at = 0; at < done.size(); at += rows_at_once) {
    const auto first = done.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<io::HostDone> slice(first, first + static_cast<std::ptrdiff_t>(std::min(rows_at_once, done.size() - at)));
    CO_TRY_VOID(co_await parts_.hosts.settle(std::move(slice), parts_.clock.now()));
  }
  co_return Result<void>{};
}

/// All steps of one zone, message by message.
io::Task<Result<void>> HostKeeper::bring(std::vector<HostStep> steps) {
  std::vector<zone::FilledChange> messages = zone::fill(changes_of(steps));
  std::size_t at = 0;
  for (zone::FilledChange& message : messages) {
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(at);
    std::vector<HostStep> part(first, first + static_cast<std::ptrdiff_t>(message.hosts));
    at += message.hosts;
    CO_TRY_VOID(co_await send(std::move(message.change), std::move(part)));
  }
  co_return Result<void>{};
}

/// `change` is what all of `steps` come to.
io::Task<Result<void>> HostKeeper::send(types::ZoneChange change, std::vector<HostStep> steps) {
  const std::string zone = change.zone.to_string();
  const auto applied = co_await parts_.updater.apply(std::move(change));
  if (applied) {
    parts_.log.event(events::changed, {{"zone", zone}, {"hosts", std::to_string(steps.size())}});
    co_return co_await settle(std::move(steps));
  }
  if (applied.error().kind == UpdateErrorKind::prerequisite_failed) co_return co_await look_again(std::move(steps));  // DDNS-02
  const Failure<Error> failure = failure_of(applied.error());
  if (applied.error().is_retryable()) co_return failure;
  // This zone is turned down, others need not be: its domains wait, and do not stand in the others' way.
  parts_.log.event(events::failed, {{"zone", zone}, {"why", failure.error.what}});
  co_return co_await put_off(std::move(steps), failure.error.what, refused_rest);
}

io::Task<Result<void>> HostKeeper::put_off(std::vector<HostStep> steps, std::string fault, Duration rest) {
  std::vector<io::HostPostponed> postponed;
  for (const HostStep& step : steps) postponed.push_back({step.id, fault});
  co_return co_await parts_.hosts.postpone(std::move(postponed), parts_.clock.now() + rest);
}

/// Some host of a message is not as we believed. After a lost answer all are as wanted; else the halves are tried by themselves, so
/// that one stranger among hundreds costs a few messages and not hundreds.
io::Task<Result<void>> HostKeeper::look_again(std::vector<HostStep> steps) {
  if (steps.size() == 1) co_return co_await bring_alone(std::move(steps.front()));
  types::ZoneChange question{steps.front().change.zone, {}, {}, {}};
  for (const HostStep& step : steps) zone::ask_whether(question, settings_.zone, step.host, step.wanted);
  const auto all_as_wanted = co_await parts_.updater.apply(std::move(question));
  if (all_as_wanted) co_return co_await settle(std::move(steps));
  if (all_as_wanted.error().kind != UpdateErrorKind::prerequisite_failed) co_return failure_of(all_as_wanted.error());
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::vector<HostStep> rest(middle, steps.end());
  steps.erase(middle, steps.end());
  types::ZoneChange first = together_in_one(steps);
  CO_TRY_VOID(co_await send(std::move(first), std::move(steps)));
  types::ZoneChange second = together_in_one(rest);
  co_return co_await send(std::move(second), std::move(rest));
}

io::Task<Result<void>> HostKeeper::settle(std::vector<HostStep> steps) {
  std::vector<io::HostDone> done;
  for (const HostStep& step : steps) done.push_back(step.done());
  CO_TRY_VOID(co_await parts_.hosts.settle(std::move(done), parts_.clock.now()));
  for (const HostStep& step : steps) count(step);
  co_return Result<void>{};
}

io::Task<Result<void>> HostKeeper::bring_alone(HostStep step) {
  CO_TRY(const auto stands, co_await standing(step));
  std::vector<HostStep> one(1, step);
  types::ZoneChange change;
  if (stands) change = zone::host_change(settings_.zone, step.host, *stands, step.wanted);
  if (stands && change.empty()) co_return co_await settle(std::move(one));
  if (stands) {
    const auto applied = co_await parts_.updater.apply(std::move(change));
    if (applied) co_return co_await settle(std::move(one));
    if (applied.error().kind != UpdateErrorKind::prerequisite_failed) co_return failure_of(applied.error());
  }
  const std::string fault = "records that are not ours stand at " + step.host.to_string() + " or at _25._tcp below it, in zone " +
                            step.change.zone.to_string();
  parts_.log.event(events::in_the_way, {{"domain", step.domain.to_string()}, {"why", fault}});
  co_return co_await put_off(std::move(one), fault, in_the_way);
}

/// Nothing: what stands there is not ours. Asked by prerequisites, which name records literally: a query would be answered from the
/// wildcard.
io::Task<Result<std::optional<HostNode>>> HostKeeper::standing(HostStep step) {
  const std::vector<HostNode> possible = ours(settings_.zone, step);
  for (const HostNode& node : possible) {
    types::ZoneChange question = question_whether(settings_.zone, step.change.zone, step.host, node);
    const auto answer = co_await parts_.updater.apply(std::move(question));
    if (answer) co_return std::optional<HostNode>(node);
    if (answer.error().kind != UpdateErrorKind::prerequisite_failed) co_return failure_of(answer.error());
  }
  co_return std::optional<HostNode>{};
}

/// For status(): how much there is to do, and what the first faults are. Counting takes a while when much is left: it is done now and then.
io::Task<> HostKeeper::note_waiting(bool for_sure) {
  const Instant now = parts_.clock.now();
  if (!for_sure && now - counted_at_ < between_counts && now >= counted_at_) co_return;
  counted_at_ = now;
  const auto waiting = co_await parts_.hosts.waiting();
  if (!waiting) co_return;
  std::vector<io::HostFault> faults;
  if (waiting->faulty > 0) {
    auto first = co_await parts_.hosts.faults(std::nullopt, faults_shown);
    if (first) faults = *std::move(first);
  }
  const std::lock_guard guard(mutex_);
  status_.waiting = *waiting;
  status_.as_of = now;
  status_.faults = std::move(faults);
}

void HostKeeper::count(const HostStep& step) {
  const bool was = step.held.kind != HostNode::Kind::none;
  const bool is = step.wanted.kind != HostNode::Kind::none;
  if (was == is) return;
  const std::lock_guard guard(mutex_);
  std::uint64_t& hosts = status_.held[step.change.zone];
  if (is) ++hosts;
  if (was && hosts > 0) --hosts;
}

void HostKeeper::note_fault(std::string fault) {
  const std::lock_guard guard(mutex_);
  if (fault == status_.fault) return;
  if (fault.empty()) {
    parts_.log.event(events::mended, {{"zone", settings_.zone.apex.to_string()}});
  } else {
    parts_.log.event(events::failed, {{"zone", settings_.zone.apex.to_string()}, {"why", fault}});
  }
  status_.fault = std::move(fault);
}

HostStatus HostKeeper::status() const {
  const std::lock_guard guard(mutex_);
  return status_;
}

}  // namespace danewerk::service
