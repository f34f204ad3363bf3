#include "service/delivery/deliver.h"

#include <algorithm>

#include "engine/policy/plan.h"
#include "engine/policy/route_plan.h"
#include "service/delivery/delivery_events.h"
#include "service/delivery/evidence.h"
#include "service/delivery/gather.h"
#include "service/delivery/memo.h"

namespace danewerk::service {
namespace {

constexpr std::string_view route_prefix = "route:";
constexpr Duration first_wait_for_room = std::chrono::seconds(1);
constexpr Duration longest_wait_for_room = std::chrono::seconds(30);

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
/// tenant's own mailbox host is final delivery, on terms its operator chose.
types::RequireTls relayed_require_tls(const types::DueRecipients& due, const HopTarget& target) {
  return due.sender.path && !target.own_domain ? due.sender.require_tls : types::RequireTls::no;
}

struct Round {
  types::DeliveryPlan plan;
  std::vector<types::Attempt> attempts;
};

io::Task<Result<Round>> run_round(const DeliveryParts& parts, const types::DueRecipients& due) {
  CO_TRY(HopTarget target, read_hop_key(due.hop));
  types::MessageDemands demands;
  demands.require_tls = relayed_require_tls(due, target);
  Round round;
  types::RouteProtocol protocol = types::RouteProtocol::smtp;
  if (target.own_domain) {
    auto route = parts.route_of(*target.own_domain);
    if (!route || route->endpoints.empty()) {
      co_return fail(ErrorKind::not_found, target.own_domain->to_string() + " has no route any more; add the domain again or drop the message");
    }
    protocol = route->protocol;
    round.plan = policy::route_plan(route->endpoints, demands, parts.clock.now());
  } else {
    Prospect found = co_await prospect(parts, target.next_hop, demands);
    round.plan = std::move(found.plan);
  }
  CO_TRY(io::BodyReader body, co_await parts.queue.open_body(due.id));
  while (true) {
    const auto next = policy::next_target(round.plan, round.attempts, indices_of(due));
    if (!next) break;
    Errand errand{round.plan, *next, protocol, target.own_domain.has_value(), {due.sender, {}}, {}, body};
    errand.envelope.sender.require_tls = demands.require_tls;
    for (const types::DueRecipient* recipient : unsettled(due, round.plan, round.attempts, parts.clock.now())) {
      errand.envelope.recipients.push_back(recipient->recipient);
      errand.indices.push_back(index_of(*recipient));
    }
    types::Attempt attempt = co_await converse(parts.manners, parts.tls, parts.clock, std::move(errand));
    round.attempts.push_back(std::move(attempt));
  }
  co_return round;
}

/// A round in which nothing is tried, and why.
Round round_that_stops(types::Fault fault, Instant now) {
  Round round;
  round.plan.made = now;
  round.plan.stop = std::move(fault);
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

types::Fault fault_or_unknown(const types::Outcome& outcome) {
  if (outcome.fault) return *outcome.fault;
  types::Fault fault;
  fault.code = outcome.code;
  fault.sentence = outcome.sentence;
  fault.lasting = outcome.disposition == types::Disposition::failed ? types::Lasting::permanent : types::Lasting::transient;
  return fault;
}

/// From an outcome to what the store is told; a deferral at its limit becomes a failure here (engine/retry).
types::RecipientResult result_of(const DeliveryParts& parts, const types::DueRecipients& due, const types::DueRecipient& recipient,
                                 RecipientEnd& end, Instant now) {
  types::Outcome& outcome = end.outcome;
  end.rounds_tried = recipient.attempts + 1;
  types::RecipientResult result;
  result.position = recipient.position;
  if (outcome.disposition == types::Disposition::deferred) {
    const types::Fault fault = fault_or_unknown(outcome);
    retry::History history = read_memo(recipient.memo, due.received_at);
    history.tries.push_back({now, fault.kind});
    const auto then = retry::next(history, fault, parts.schedule, now, types::Seed{parts.entropy.number()});
    if (const auto* again = std::get_if<retry::NextTry>(&then)) {
      result.state = types::RecipientState::waiting;
      result.next_at = again->at;
      result.memo = write_memo(history);
    } else {
      const auto& give_up = std::get<retry::GiveUp>(then);
      end.gave_up_as = give_up.code;
      outcome.disposition = types::Disposition::failed;
      outcome.code = give_up.code;
      outcome.sentence = give_up.sentence + ": " + outcome.sentence;
    }
  }
  if (outcome.disposition == types::Disposition::delivered) result.state = types::RecipientState::delivered;
  if (outcome.disposition == types::Disposition::failed) result.state = types::RecipientState::failed;
  result.code = outcome.code;
  result.sentence = outcome.sentence;
  result.evidence = evidence_of(outcome);
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
    if (attempt.verdict && attempt.verdict->record) fields.push_back({"tlsa", attempt.verdict->record->to_string()});
  }
  if (outcome.assurance) fields.push_back({"assurance", types::to_string(*outcome.assurance)});
  fields.push_back({"what", outcome.sentence});
  const bool waits = result.state == types::RecipientState::waiting;
  if (waits) fields.push_back({"next", to_rfc3339(result.next_at)});
  const bool is_delivered = result.state == types::RecipientState::delivered;
  if (outcome.assurance == types::Assurance::host_authenticated) {
    parts.log.event(host_only, {{"queue", due.id.to_string()}, {"hop", due.hop.text}});  // MX-07: said by its unexpanded name
  }
  parts.log.event(is_delivered ? delivered : waits ? deferred : failed, std::move(fields));
}

std::vector<types::AttemptEvidence> history_of(const types::DueRecipients& due, const Round& round, Instant now) {
  std::vector<types::AttemptEvidence> out;
  if (round.attempts.empty()) {
    const types::EnhancedCode code = round.plan.stop ? round.plan.stop->code : types::EnhancedCode{4, 0, 0};
    out.push_back({now, due.hop, "", code, round.plan.stop ? round.plan.stop->sentence : "", evidence_of(round.plan)});
  }
  for (const types::Attempt& attempt : round.attempts) {
    const auto fault = policy::fault_of(round.plan, attempt);
    out.push_back({attempt.started, due.hop, round.plan.hops.at(static_cast<std::size_t>(attempt.hop)).to_string(),
                   fault ? fault->code : types::EnhancedCode{2, 0, 0}, fault ? fault->sentence : "completed",
                   evidence_of(round.plan, attempt)});
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

io::Task<Prospect> prospect(const DeliveryParts& parts, types::NextHop next_hop, types::MessageDemands demands) {
  Prospect out;
  out.facts = co_await gather(parts.resolver, parts.clock, std::move(next_hop), parts.rules, demands.dane);
  out.plan = policy::plan(out.facts, demands, parts.rules, parts.clock.now(), types::Seed{parts.entropy.number()});
  co_return out;
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
  io::Recording recording{what.due.id, what.due.hop, what.now, what.results, history_of(what.due, what.round, what.now), {}};
  // A failure that nobody is told of is lost mail: without its notice it is not recorded.
  CO_TRY(auto notices, co_await parts.notices.notices(what.due, what.round.plan, what.round.attempts, what.ends));
  recording.notices = std::move(notices);
  co_return co_await parts.queue.record(std::move(recording));
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

}  // namespace

namespace {

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
  const Round round = co_await round_of(parts, due);
  const Instant now = parts.clock.now();
  Concluded what{due, round, now, {}, {}};
  for (types::Outcome& outcome : policy::judge(round.plan, round.attempts, indices_of(due), now)) {
    const types::DueRecipient& recipient = due.recipients[what.ends.size()];
    RecipientEnd& end = what.ends.emplace_back(RecipientEnd{std::move(outcome), 1, std::nullopt});
    what.results.push_back(result_of(parts, due, recipient, end, now));
    log_outcome(parts, due, recipient, round, end.outcome, what.results.back());
  }
  co_await record(parts, what);
}

}  // namespace danewerk::service
