#include "service/delivery/deliver.h"

#include <algorithm>
#include <array>

#include "engine/policy/plan.h"
#include "engine/policy/questions.h"
#include "engine/policy/route_plan.h"
#include "engine/policy/smart_host.h"
#include "io/runtime/together.h"
#include "service/delivery/delivery_events.h"
#include "service/delivery/evidence.h"
#include "service/delivery/gather.h"
#include "service/delivery/memo.h"
#include "service/delivery/weigh_anchors.h"

namespace danewerk::service {
namespace {

constexpr std::string_view route_prefix = "route:";
constexpr Duration first_wait_for_room = std::chrono::seconds(1);
constexpr Duration longest_wait_for_room = std::chrono::seconds(30);
constexpr types::EnhancedCode held_code{4, 7, 1};
constexpr Duration held_for = std::chrono::minutes(15);  // resuming makes it due at once; this is for what was on its way meanwhile
constexpr Duration wait_after_news = std::chrono::seconds(70);  // when no plan that knows the old policy is kept any more (Plans)

types::RecipientIndex index_of(const types::DueRecipient& recipient) { return types::RecipientIndex{recipient.position}; }

std::vector<types::RecipientIndex> indices_of(const types::DueRecipients& due) {
  std::vector<types::RecipientIndex> out;
  for (const types::DueRecipient& recipient : due.recipients) out.push_back(index_of(recipient));
  return out;
}

/// The recipients no attempt has settled yet, as an errand.
std::vector<const types::DueRecipient*> unsettled(const types::DueRecipients& due, const types::DeliveryPlan& plan,
                                                  const std::vector<types::Attempt>& attempts, Instant now) {
  std::vector<const types::DueRecipient*> out;
  const auto outcomes = policy::judge(plan, attempts, indices_of(due), now);
  for (std::size_t i = 0; i < due.recipients.size(); ++i) {
    if (outcomes[i].disposition == types::Disposition::deferred) out.push_back(&due.recipients[i]);
  }
  return out;
}

/// REQUIRETLS binds relays (RFC 8689 4.2.1). A notice goes on without it rather than be lost (RFC 8689 5), and the way to a
/// tenant's own mailbox host is final delivery, on terms its operator chose (decision 0055).
types::RequireTls relayed_require_tls(const types::DueRecipients& due, const HopTarget& target) {
  const bool bound = due.sender.path || due.sender.require_tls != types::RequireTls::yes;
  return bound && !target.own_domain ? due.sender.require_tls : types::RequireTls::no;
}

struct Round {
  std::shared_ptr<const types::DestinationFacts> facts{};  ///< none where the operator named the hosts
  types::DeliveryPlan plan;
  std::vector<types::Attempt> attempts;
  types::RouteProtocol protocol = types::RouteProtocol::smtp;
  std::vector<types::NegativeAnchor> anchors{};

  Ground ground() const { return {facts.get(), anchors}; }
};

types::DeliveryPlan plan_that_waits(types::NextHop next_hop, types::Fault fault, Instant now) {
  types::DeliveryPlan plan;
  plan.next_hop = std::move(next_hop);
  plan.made = plan.valid_until = now;
  plan.stop = std::move(fault);
  return plan;
}

/// A round in which nothing is tried, and why.
Round round_that_stops(types::Fault fault, Instant now) {
  Round round;
  round.plan = plan_that_waits({}, std::move(fault), now);
  return round;
}

/// What cannot even be tried, and why it is our own side's fault: waits, and counts toward nothing.
Round round_of_our_fault(const Error& error, Instant now) {
  types::Fault fault;
  fault.kind = types::FaultKind::ours;
  fault.code = {4, 3, 0};
  fault.sentence = error.what;
  return round_that_stops(std::move(fault), now);
}

io::Task<Result<Round>> run_round(const DeliveryParts& parts, const types::DueRecipients& due) {
  CO_TRY(HopTarget target, read_hop_key(due.hop));
  types::MessageDemands demands;
  demands.require_tls = relayed_require_tls(due, target);
  Round round;
  std::vector<types::IpAddress> source;
  std::string pool;
  if (target.own_domain) {
    auto route = parts.route_of(*target.own_domain);
    if (!route || route->endpoints.empty()) {
      co_return fail(ErrorKind::not_found, target.own_domain->to_string() + " has no route any more; add the domain again or drop the message");
    }
    round.protocol = route->protocol;
    round.plan = policy::route_plan(route->endpoints, demands, parts.clock.now());
  } else {
    const types::DeliveryTerms terms = terms_for(parts, due.tenant, target.next_hop);
    if (terms.fault) {
      round.plan = plan_that_waits(target.next_hop, *terms.fault, parts.clock.now());
      co_return round;
    }
    const types::RequireTls require_tls = demands.require_tls;
    demands = terms.demands;
    demands.require_tls = require_tls;
    types::NextHop next_hop = terms.smart_host.value_or(target.next_hop);
    Prospect found = co_await plan_for(parts, std::move(next_hop), demands);
    round.facts = std::move(found.facts);
    round.plan = std::move(found.plan);
    round.plan.rule = terms.rule;
    if (terms.smart_host) policy::blame_smart_host(round.plan);
    round.anchors = std::move(found.anchors);
    source = terms.source;
    pool = terms.pool;
  }
  CO_TRY(io::BodyReader body, co_await parts.queue.open_body(due.id));
  while (true) {
    const auto next = policy::next_target(round.plan, round.attempts, indices_of(due));
    if (!next) break;
    Errand errand{round.plan, *next, round.protocol, target.own_domain.has_value(), {due.sender, {}}, {}, body, due.tenant.to_string(), pool, source};
    errand.envelope.sender.require_tls = demands.require_tls;
    errand.require_tls_if_possible = due.sender.require_tls;
    for (const types::DueRecipient* recipient : unsettled(due, round.plan, round.attempts, parts.clock.now())) {
      errand.envelope.recipients.push_back(recipient->recipient);
      errand.indices.push_back(index_of(*recipient));
    }
    types::Attempt attempt = co_await converse(parts.manners, parts.tls, parts.clock, std::move(errand), parts.reuse);
    round.attempts.push_back(std::move(attempt));
  }
  co_return round;
}

types::Fault fault_or_unknown(const types::Outcome& outcome) {
  if (outcome.fault) return *outcome.fault;
  types::Fault fault;
  fault.code = outcome.code;
  fault.sentence = outcome.sentence;
  fault.lasting = outcome.disposition == types::Disposition::failed ? types::Lasting::permanent : types::Lasting::transient;
  return fault;
}

/// RFC 3461 5.2.5. A sender who waits to be told of delay is told at that very hour, after one more try.
void tell_of_delay(const DeliveryParts& parts, const types::DueRecipients& due, const types::DueRecipient& recipient, RecipientEnd& end,
                   Memo& memo, Instant now) {
  if (parts.delay_notice_after == Duration::zero() || memo.delay_told) return;
  const types::Envelope envelope{due.sender, {recipient.recipient}};
  const std::array delayed{dsn::Happened{types::RecipientIndex{0}, dsn::Event::delayed}};
  if (dsn::wanted(envelope, delayed, dsn::DelayByDefault::tell).empty()) return;
  const Instant hour = due.received_at + parts.delay_notice_after;
  if (now >= hour) {
    end.event = dsn::Event::delayed;
    memo.delay_told = now;
  } else {
    end.next_try = std::min(*end.next_try, hour);
  }
}

/// Whether the MTA-STS policy that stands in the way has changed since the plan was made (STS-11).
enum class StsNews : std::uint8_t { same, changed };

Memo memo_with(const types::DueRecipients& due, const types::DueRecipient& recipient, const types::Fault& fault, Instant now) {
  Memo memo = read_memo(recipient.memo, due.received_at);
  memo.history.tries.push_back({now, fault.kind});
  return memo;
}

bool gives_up_by_sts(const DeliveryParts& parts, const types::DueRecipients& due, const types::DueRecipient& recipient,
                     const types::Outcome& outcome, Instant now) {
  if (outcome.disposition != types::Disposition::deferred || !outcome.fault) return false;
  const types::Fault& fault = *outcome.fault;
  if (fault.kind != types::FaultKind::policy || fault.policy != types::FaultPolicy::mta_sts) return false;
  const auto then = retry::next(memo_with(due, recipient, fault, now).history, fault, parts.schedule, now, types::Seed{});
  return std::holds_alternative<retry::GiveUp>(then);
}

/// RFC 8461 5.1, STS-11: before mail is returned because of a policy, the policy is looked at again.
io::Task<StsNews> recheck_policy(const DeliveryParts& parts, const types::DueRecipients& due, const types::DeliveryPlan& plan,
                                 const std::vector<types::Outcome>& outcomes, Instant now) {
  const auto domain = policy::sts_policy_domain(plan.next_hop, plan.demands.mta_sts);
  bool wanted = false;
  for (std::size_t i = 0; i < outcomes.size(); ++i) wanted = wanted || gives_up_by_sts(parts, due, due.recipients[i], outcomes[i], now);
  if (!wanted || !domain || parts.sts == nullptr || !plan.sts) co_return StsNews::same;
  if (now - due.received_at > 2 * parts.schedule.ordinary.limit) co_return StsNews::same;  // a policy that changes for ever
  const types::StsFact fact = co_await parts.sts->recheck(parts.resolver, *domain);
  const bool same = fact.in_force && fact.in_force->policy == plan.sts->policy;
  co_return same ? StsNews::same : StsNews::changed;
}

/// A deferral: when again; at its limit it becomes a failure (engine/retry).
void postpone(const DeliveryParts& parts, const types::DueRecipients& due, const types::DueRecipient& recipient, RecipientEnd& end,
              types::RecipientResult& result, StsNews news, Instant now) {
  types::Outcome& outcome = end.outcome;
  const types::Fault fault = fault_or_unknown(outcome);
  Memo memo = memo_with(due, recipient, fault, now);
  auto then = retry::next(memo.history, fault, parts.schedule, now, types::Seed{parts.entropy.number()});
  const bool over = std::holds_alternative<retry::GiveUp>(then);
  if (over && news == StsNews::changed && fault.policy == types::FaultPolicy::mta_sts) then = retry::NextTry{now + wait_after_news};
  if (const auto* again = std::get_if<retry::NextTry>(&then)) {
    end.next_try = again->at;
    end.given_up_at = retry::given_up_at(memo.history, fault, parts.schedule, now);
    tell_of_delay(parts, due, recipient, end, memo, now);
    result.state = types::RecipientState::waiting;
    result.next_at = *end.next_try;
    result.memo = write_memo(memo);
    return;
  }
  const auto& give_up = std::get<retry::GiveUp>(then);
  end.gave_up_as = give_up.code;
  outcome.disposition = types::Disposition::failed;
  outcome.code = give_up.code;
  outcome.sentence = give_up.sentence;  // which names the last fault
}

/// RFC 3461 5.2.1 to 5.2.3: LMTP's last reply is the mailbox's own; a 250 of SMTP is not (decision 0056).
dsn::Event success_of(const Round& round, const types::Outcome& outcome) {
  const bool answers = outcome.attempt && round.attempts.at(*outcome.attempt).dsn == types::DsnOffer::offered;
  if (answers) return dsn::Event::relayed;
  return round.protocol == types::RouteProtocol::lmtp ? dsn::Event::delivered : dsn::Event::relayed_past_dsn;
}

/// From an outcome to what the store is told.
types::RecipientResult result_of(const DeliveryParts& parts, const types::DueRecipients& due, const types::DueRecipient& recipient,
                                 const Round& round, RecipientEnd& end, StsNews news, Instant now) {
  types::Outcome& outcome = end.outcome;
  end.rounds_tried = recipient.attempts + 1;
  types::RecipientResult result;
  result.position = recipient.position;
  if (outcome.disposition == types::Disposition::deferred) postpone(parts, due, recipient, end, result, news, now);
  if (outcome.disposition == types::Disposition::delivered) end.event = success_of(round, outcome);
  if (outcome.disposition == types::Disposition::delivered) result.state = types::RecipientState::delivered;
  if (outcome.disposition == types::Disposition::failed) result.state = types::RecipientState::failed;
  result.code = outcome.code;
  result.sentence = outcome.sentence;
  result.evidence = evidence_of(outcome, round.anchors);
  return result;
}

void log_outcome(const DeliveryParts& parts, const types::DueRecipients& due, const types::DueRecipient& recipient, const Round& round,
                 const types::Outcome& outcome, const types::RecipientResult& result) {
  types::LogFields fields{{"queue", due.id.to_string()}, {"tenant", due.tenant.to_string()},
                          {"recipient", types::to_string(recipient.recipient.path)}, {"hop", due.hop.text},
                          {"code", outcome.code.to_string()}};
  if (outcome.attempt) {
    const types::Attempt& attempt = round.attempts.at(*outcome.attempt);
    fields.push_back({"peer", attempt.peer.to_string()});
    fields.push_back({"tls", attempt.tls ? attempt.tls->version : "none"});
    if (round.plan.hops.at(static_cast<std::size_t>(attempt.hop)).waived) fields.push_back({"tls_required", "no"});
    if (attempt.verdict && attempt.verdict->record) fields.push_back({"tlsa", attempt.verdict->record->to_string()});
  }
  if (outcome.assurance) fields.push_back({"assurance", types::to_string(*outcome.assurance)});
  if (round.plan.rule) fields.push_back({"rule", round.plan.rule->id.to_string()});
  for (const types::NegativeAnchor& anchor : round.anchors) fields.push_back({"nta", anchor.domain.to_string()});
  fields.push_back({"what", outcome.sentence});
  const bool waits = result.state == types::RecipientState::waiting;
  if (waits) fields.push_back({"next", to_rfc3339(result.next_at)});
  const bool is_delivered = result.state == types::RecipientState::delivered;
  if (outcome.assurance == types::Assurance::host_authenticated) {
    parts.log.event(host_only, {{"queue", due.id.to_string()}, {"hop", due.hop.text}});  // MX-07: said by its unexpanded name
  }
  parts.log.event(is_delivered ? delivered : waits ? deferred : failed, std::move(fields));
}

/// A proof is wanted of what was delivered on the strength of a signed record; who keeps it comes later and elsewhere.
types::ProofState wants_proof(ProofWish wish, const types::Attempt& attempt) {
  const bool by_record = attempt.end == types::AttemptEnd::completed && attempt.verdict && attempt.verdict->record;
  return wish == ProofWish::dane && by_record ? types::ProofState::wanted : types::ProofState::none;
}

std::vector<types::AttemptEvidence> history_of(const types::DueRecipients& due, const Round& round, ProofWish keep, Instant now) {
  std::vector<types::AttemptEvidence> out;
  if (round.attempts.empty()) {
    const types::EnhancedCode code = round.plan.stop ? round.plan.stop->code : types::EnhancedCode{4, 0, 0};
    out.push_back({now, due.hop, "", code, round.plan.stop ? round.plan.stop->sentence : "", evidence_of(round.plan, round.ground())});
  }
  for (const types::Attempt& attempt : round.attempts) {
    const auto fault = policy::fault_of(round.plan, attempt);
    out.push_back({attempt.started, due.hop, round.plan.hops.at(static_cast<std::size_t>(attempt.hop)).to_string(),
                   fault ? fault->code : types::EnhancedCode{2, 0, 0}, fault ? fault->sentence : "completed",
                   evidence_of(round.plan, round.ground(), attempt), wants_proof(keep, attempt)});
  }
  return out;
}

}  // namespace

Result<HopTarget> read_hop_key(const types::HopKey& key) {
  HopTarget target;
  if (key.text.starts_with(route_prefix)) {
    auto domain = types::DomainName::parse(std::string_view(key.text).substr(route_prefix.size()));
    if (!domain) return fail(ErrorKind::corrupt, "next hop '" + key.text + "': " + domain.error().what);
    target.own_domain = *std::move(domain);
    return target;
  }
  auto next_hop = types::NextHop::parse(key.text);
  if (!next_hop) return fail(ErrorKind::corrupt, "next hop '" + key.text + "': " + next_hop.error().what);
  target.next_hop = *std::move(next_hop);
  return target;
}

types::HopKey route_key(const types::DomainName& own_domain) { return {std::string(route_prefix) + own_domain.to_string()}; }

types::HopKey mx_key(const types::MailDomain& domain) { return {types::NextHop::for_domain(domain).to_string()}; }

types::DeliveryTerms terms_for(const DeliveryParts& parts, const std::optional<types::TenantId>& tenant, const types::NextHop& next_hop) {
  if (!parts.terms_for) return {};
  const auto* address = std::get_if<types::IpAddress>(&next_hop.target);
  const types::MailDomain domain = address != nullptr ? types::MailDomain(*address) : types::MailDomain(next_hop.name());
  return parts.terms_for(tenant, domain, parts.clock.now());
}

namespace {

io::Task<bool> gather_into(const DeliveryParts& parts, types::NextHop next_hop, types::DaneMode mode, types::DestinationFacts& facts) {
  facts = co_await gather(parts.resolver, parts.clock, std::move(next_hop), parts.rules, mode);
  co_return true;
}

io::Task<bool> look_at_sts(const DeliveryParts& parts, types::DomainName domain, std::optional<types::StsFact>& fact) {
  fact = co_await parts.sts->look(parts.resolver, std::move(domain));
  co_return true;
}

}  // namespace

io::Task<Prospect> prospect(const DeliveryParts& parts, types::NextHop next_hop, types::MessageDemands demands) {
  Prospect out;
  types::DestinationFacts facts;
  std::optional<types::StsFact> sts;
  const auto domain = policy::sts_policy_domain(next_hop, demands.mta_sts);
  std::vector<io::Task<bool>> both;
  both.push_back(gather_into(parts, std::move(next_hop), demands.dane, facts));
  if (parts.sts != nullptr && domain) both.push_back(look_at_sts(parts, *domain, sts));
  co_await io::together(std::move(both));
  facts.sts = std::move(sts);
  facts.gathered = parts.clock.now();
  if (parts.anchors) out.anchors = weigh_anchors(facts, *parts.anchors(), parts.clock.now());
  out.facts = std::make_shared<const types::DestinationFacts>(std::move(facts));
  out.plan = policy::plan(*out.facts, demands, parts.rules, parts.clock.now(), types::Seed{parts.entropy.number()});
  co_return out;
}

io::Task<Prospect> plan_for(const DeliveryParts& parts, types::NextHop next_hop, types::MessageDemands demands) {
  Plans* plans = parts.reuse.plans;
  const std::uint64_t era = parts.resolver.era();
  if (const auto* kept = plans ? plans->find(next_hop, demands, era, parts.clock.now()) : nullptr) {
    Prospect again;
    again.facts = kept->facts;
    again.plan = kept->plan;
    policy::reshuffle(again.plan, types::Seed{parts.entropy.number()});
    co_return again;
  }
  Prospect made = co_await prospect(parts, std::move(next_hop), std::move(demands));
  if (plans && made.anchors.empty()) plans->keep(made.facts, made.plan, era);  // what an anchor excuses is said each time
  co_return made;
}

namespace {

/// A round's result, as far as it is the same however often it is written down.
struct Concluded {
  const types::DueRecipients& due;
  const Round& round;
  Instant now;
  std::vector<RecipientEnd> ends;
  std::vector<types::RecipientResult> results;
};

io::Task<Result<io::Recorded>> record_once(const DeliveryParts& parts, const Concluded& what) {
  io::Recording recording{what.due.id, what.due.hop, what.now, what.results, history_of(what.due, what.round, parts.proofs, what.now), {}};
  // A failure that nobody is told of is lost mail: without its notice it is not recorded.
  CO_TRY(auto notices, co_await parts.notices.notices(what.due, what.round.plan, what.round.attempts, what.ends));
  std::string written;
  for (const io::Notice& notice : notices) written += (written.empty() ? "" : ",") + notice.body.id().to_string();
  recording.notices = std::move(notices);
  auto recorded = co_await parts.queue.record(std::move(recording));
  if (recorded && !written.empty()) {
    parts.log.event(notice_written, {{"queue", what.due.id.to_string()}, {"to", types::to_string(what.due.sender.path)}, {"notice", written}});
  }
  co_return recorded;
}

/// A disk that is merely full gets room again: until then the claim stays and the result waits here. Given up, the message
/// would wait for the next start, and then be sent again; released, it would be sent again at once, and for ever.
io::Task<> record(const DeliveryParts& parts, const Concluded& what) {
  for (Duration wait = first_wait_for_room;; wait = std::min(wait * 2, longest_wait_for_room)) {
    auto recorded = co_await record_once(parts, what);
    if (recorded) co_return;
    const bool full = recorded.error().kind == ErrorKind::limit;
    parts.log.event(full ? no_room_to_record : not_recorded,
                    {{"queue", what.due.id.to_string()}, {"hop", what.due.hop.text}, {"what", recorded.error().what}});
    if (!full) co_return;
    co_await parts.clock.sleep_for(wait);
  }
}

/// True if the mail is held, and put back. The time is noted as our own doing: it does not count toward the message's limit.
io::Task<bool> held_back(const DeliveryParts& parts, types::DueRecipients& due) {
  if (!parts.held) co_return false;
  auto why = parts.held(due.tenant, due.origin);
  if (!why) co_return false;
  for (types::DueRecipient& recipient : due.recipients) {
    Memo memo = read_memo(recipient.memo, due.received_at);
    const auto& tries = memo.history.tries;
    if (!tries.empty() && tries.back().fault == types::FaultKind::ours) continue;
    memo.history.tries.push_back({parts.clock.now(), types::FaultKind::ours});
    recipient.memo = write_memo(memo);
  }
  const auto put_off = co_await parts.queue.put_off(due, parts.clock.now() + held_for, held_code, *why);
  if (!put_off) parts.log.event(not_recorded, {{"queue", due.id.to_string()}, {"hop", due.hop.text}, {"what", put_off.error().what}});
  co_return true;
}

/// The round as it ran, or as it stands where nothing could be tried. Tells of its hop's pace what a try has shown.
io::Task<Round> round_of(const DeliveryParts& parts, const types::DueRecipients& due) {
  const Instant began = parts.clock.now();
  if (due.not_now) co_return round_that_stops(*due.not_now, began);
  Result<Round> ran = co_await run_round(parts, due);
  const Instant now = parts.clock.now();
  Round round = ran ? *std::move(ran) : round_of_our_fault(ran.error(), now);
  if (parts.hear) {
    const auto outcomes = policy::judge(round.plan, round.attempts, indices_of(due), now);
    parts.hear(due.hop, pace::signal_of(round.plan, round.attempts, outcomes, began));
  }
  co_return round;
}

}  // namespace

io::Task<> deliver(const DeliveryParts& parts, types::DueRecipients due) {
  if (co_await held_back(parts, due)) co_return;
  const Round round = co_await round_of(parts, due);
  const Instant now = parts.clock.now();
  Concluded what{due, round, now, {}, {}};
  std::vector<types::Outcome> outcomes = policy::judge(round.plan, round.attempts, indices_of(due), now);
  const StsNews news = co_await recheck_policy(parts, due, round.plan, outcomes, now);
  for (types::Outcome& outcome : outcomes) {
    const types::DueRecipient& recipient = due.recipients[what.ends.size()];
    RecipientEnd& end = what.ends.emplace_back();
    end.outcome = std::move(outcome);
    what.results.push_back(result_of(parts, due, recipient, round, end, news, now));
    log_outcome(parts, due, recipient, round, end.outcome, what.results.back());
  }
  co_await record(parts, what);
}

}  // namespace danewerk::service
