#include "service/domains/domain_keeper.h"

#include <algorithm>

#include "engine/lifecycle/tlsa_view.h"
#include "service/domains/domain_events.h"

namespace danewerk::service {
namespace {

namespace events = domain_events;

types::TlsaSet records_seen(const lifecycle::Expectation& expected, const types::DomainSight& sight) {
  const types::Lookup* tlsa = lifecycle::host_tlsa(expected, sight);
  if (tlsa == nullptr || !tlsa->has_value()) return {};
  types::TlsaSet out = (*tlsa)->value.all<types::TlsaRecord>();
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<types::Finding> all_findings(const lifecycle::DomainStatus& status) {
  std::vector<types::Finding> out;
  for (const lifecycle::Check& check : status.checks) out.insert(out.end(), check.findings.begin(), check.findings.end());
  return out;
}

/// A domain stands among those looked at for as long as this lives.
class UnderWay {
 public:
  UnderWay(std::set<types::DomainName>& all, types::DomainName domain) : all_(all), domain_(std::move(domain)) { all_.insert(domain_); }
  ~UnderWay() { all_.erase(domain_); }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  std::set<types::DomainName>& all_;
  const types::DomainName domain_;
};

}  // namespace

DomainKeeper::DomainKeeper(DomainParts parts, io::Executor executor)
    : parts_(std::move(parts)), gate_(executor, std::max<std::size_t>(1, parts_.pace.at_once)), group_(executor, "looks") {}

io::Task<Result<Looked>> DomainKeeper::look_at(types::DomainName domain, lifecycle::Skips skips, Probing probing) {
  const auto snapshot = parts_.store.snapshot();
  const types::AcceptedDomain* found = snapshot->find(domain);
  if (found == nullptr) co_return fail(ErrorKind::not_found, "domain " + domain.to_string() + " is not accepted here");
  Looked out{*found, {}, {}};
  const lifecycle::Expectation expected = parts_.expect(domain);
  if (probing == Probing::anew && parts_.forget) {
    parts_.forget(domain);
    if (!expected.host.is_root()) parts_.forget(expected.host);
  }
  const bool without_policy = skips.mta_sts;
  LookForPolicy policy;
  if (!without_policy) policy = parts_.policy;
  out.sight = co_await look(parts_.resolver, std::move(policy), parts_.clock, expected);
  std::optional<types::ProbeSight> probed;
  if (found->facts.dnssec.is_on() && !skips.dns) probed = co_await probe(expected, out.sight, probing);
  const types::ProbeSight* seen = probed ? &*probed : nullptr;
  const Instant now = parts_.clock.now();
  types::ControlToken fresh;
  parts_.entropy.fill(fresh);
  out.domain.facts = lifecycle::note(found->facts, out.sight, seen, expected, parts_.patience, fresh, now);
  out.status = lifecycle::status(out.domain.facts, out.sight, seen, expected, skips, now);
  // A resolver that is not fit has an alert of its own; of the domain nothing was learned, and it is looked at again soon.
  const bool in_vain = out.status.find("resolver.unfit") != nullptr;
  if (in_vain) out.domain.facts.looked = found->facts.looked;
  const bool whole = !skips.dns && !skips.mx && !skips.mta_sts && !in_vain;
  CO_TRY_VOID(co_await keep(*found, out.domain.facts, out.status, whole));
  co_return out;
}

/// With the records that were seen: what a sender would hold the chains against.
io::Task<std::optional<types::ProbeSight>> DomainKeeper::probe(const lifecycle::Expectation& expected, const types::DomainSight& sight, Probing probing) {
  if (!parts_.probe || expected.addresses.empty()) co_return std::nullopt;
  const types::TlsaSet records = records_seen(expected, sight);
  const Instant now = parts_.clock.now();
  const auto known = remembered_.find(expected.key_group);
  const bool fresh = known != remembered_.end() && known->second.records == records && now - known->second.sight.at < parts_.pace.in_motion;
  if (fresh && probing == Probing::as_remembered) co_return known->second.sight;
  types::ProbeSight seen = co_await parts_.probe(expected.host, expected.addresses, records);
  // A domain whose DANE is off must not drive out what serves the others.
  if (!records.empty()) remembered_.insert_or_assign(expected.key_group, Remembered{records, seen});
  co_return seen;
}

void DomainKeeper::tell(const types::DomainName& domain, const types::DomainFacts& before, const types::DomainFacts& after) {
  const std::string name = domain.to_string();
  if (!before.verified && after.verified) parts_.log.event(events::verified, {{"domain", name}, {"proof", types::to_string(after.proof)}});
  if (!before.dane_live && after.dane_live) parts_.log.event(events::dane_live, {{"domain", name}});
  if (!before.quarantined && after.quarantined) parts_.log.event(events::quarantined, {{"domain", name}});
  if (before.quarantined && !after.quarantined) parts_.log.event(events::released, {{"domain", name}});
}

io::Task<Result<void>> DomainKeeper::keep(const types::AcceptedDomain& before, const types::DomainFacts& after, const lifecycle::DomainStatus& status,
                                          bool whole) {
  std::vector<io::DomainStore::FactsChange> changes;
  changes.push_back(io::DomainStore::FactsChange{before.domain, before.facts, after});
  CO_TRY_VOID(co_await parts_.store.note(std::move(changes)));
  tell(before.domain, before.facts, after);
  if (!whole) co_return Result<void>();  // what was skipped is not over
  CO_TRY(auto change, co_await parts_.findings.replace(before.domain, all_findings(status), parts_.clock.now()));
  const std::string name = before.domain.to_string();
  for (const types::Finding& one : change.begun) {
    parts_.log.event(events::finding_begun, {{"domain", name}, {"code", one.code}, {"severity", types::to_string(one.severity)},
                                             {"whose", types::to_string(one.whose)}, {"what", one.evidence}});
    if (one.code == "tlsa.missing" && parts_.no_tlsa) parts_.no_tlsa(before.domain);
  }
  for (const io::StandingFinding& one : change.over) {
    parts_.log.event(events::finding_over, {{"domain", name}, {"code", one.finding.code}, {"since", to_rfc3339(one.since)}});
  }
  co_return Result<void>();
}

bool DomainKeeper::is_due(const types::AcceptedDomain& domain, Instant now) const {
  const types::DomainFacts& facts = domain.facts;
  if (!facts.looked) return true;
  return now - *facts.looked >= (lifecycle::is_in_motion(facts, now) ? parts_.pace.in_motion : parts_.pace.interval);
}

io::Task<> DomainKeeper::look_in_turn(types::DomainName domain, io::dns::Gate::Pass pass) {
  const io::dns::Gate::Pass held = std::move(pass);
  const UnderWay mark(under_way_, domain);
  const lifecycle::Skips nothing;
  auto looked = co_await look_at(domain, nothing, Probing::as_remembered);
  if (!looked) {
    parts_.log.event(events::not_noted, {{"domain", domain.to_string()}, {"what", looked.error().what}});
  } else if (lifecycle::is_over(looked->domain.facts, parts_.patience, parts_.clock.now())) {
    co_await remove(domain);
  }
}

io::Task<> DomainKeeper::remove(types::DomainName domain) {
  const types::AdminAct act{"watch", "it left: no MX of ours and no TXT record, in quarantine for long enough", parts_.clock.now()};
  auto removed = co_await parts_.store.remove(domain, act);
  if (removed) parts_.log.event(events::removed, {{"domain", domain.to_string()}});
}

/// One alert for all domains: what is ours is mostly the same for all of them.
io::Task<> DomainKeeper::tell_our_own() {
  constexpr std::uint32_t enough = 100;
  if (!parts_.alert) co_return;
  auto ours = co_await parts_.findings.our_errors(enough);
  if (!ours) co_return;
  if (ours->empty()) co_return parts_.alert(std::nullopt);
  const io::StandingFinding& first = ours->front();
  const std::string others = ours->size() > 1 ? " (and " + std::to_string(ours->size() - 1) + (ours->size() == enough ? " or more" : "") + " others)" : "";
  parts_.alert(first.domain.to_string() + ": " + first.finding.code + ": " + first.finding.evidence + others);
}

io::Task<> DomainKeeper::watch() {
  const Duration step = parts_.pace.in_motion / static_cast<int>(io::Domains::part_count);
  const Duration between_looks{1000 / std::max(1U, parts_.pace.per_second)};
  constexpr Duration worth_sleeping{20};
  while (true) {
    const Instant begun = parts_.clock.now();
    for (std::size_t i = 0; i < io::Domains::part_count; ++i) {
      const Instant now = parts_.clock.now();
      std::vector<types::AcceptedDomain> due = parts_.store.snapshot()->part(i, [this, now](const types::AcceptedDomain& one) { return is_due(one, now); });
      for (types::AcceptedDomain& one : due) {
        if (under_way_.contains(one.domain)) continue;
        io::dns::Gate::Pass pass = co_await gate_.enter();
        group_.spawn("look", look_in_turn(std::move(one.domain), std::move(pass)));
        co_await parts_.clock.sleep_for(between_looks);
      }
      const Duration ahead = begun + step * static_cast<int>(i + 1) - parts_.clock.now();
      if (ahead >= worth_sleeping) co_await parts_.clock.sleep_for(ahead);
    }
    const Duration rest = begun + parts_.pace.in_motion - parts_.clock.now();
    if (rest > Duration::zero()) co_await parts_.clock.sleep_for(rest);
    co_await tell_our_own();
  }
}

}  // namespace danewerk::service
