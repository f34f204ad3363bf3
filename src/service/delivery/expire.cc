#include "service/delivery/expire.h"

#include "io/runtime/together.h"
#include "service/delivery/delivery_events.h"
#include "service/delivery/evidence.h"

namespace danewerk::service {
namespace {

constexpr std::size_t slice = 200;  // recipients at once
constexpr types::EnhancedCode expired_code{5, 4, 300};

/// What is said to the sender. Who did it and why stands in the ledger: that is the operator's.
types::Fault fault_of(const types::DueRecipient& recipient) {
  types::Fault fault;
  fault.lasting = types::Lasting::permanent;
  fault.code = recipient.last_code && recipient.last_code->klass != 2 ? recipient.last_code->permanent() : expired_code;
  fault.sentence = "Given up by the operator of the sending system";
  fault.sentence += recipient.last_sentence.empty() ? ", before it was tried" : "; last: " + recipient.last_sentence;
  return fault;
}

RecipientEnd end_of(const types::DueRecipient& recipient, std::size_t index, Instant now) {
  RecipientEnd end;
  end.outcome.recipient = types::RecipientIndex{static_cast<std::uint32_t>(index)};
  end.outcome.disposition = types::Disposition::failed;
  end.outcome.fault = fault_of(recipient);
  end.outcome.code = end.outcome.fault->code;
  end.outcome.sentence = end.outcome.fault->sentence;
  end.outcome.decided = now;
  end.rounds_tried = recipient.attempts;
  end.gave_up_as = end.outcome.code;
  return end;
}

/// The claim's recipients as ended, but for the notices.
io::Recording recording_of(const types::DueRecipients& due, const std::vector<RecipientEnd>& ends, const types::DeliveryPlan& plan,
                           const types::AdminAct& act, Instant now) {
  io::Recording recording{due.id, due.hop, now, {}, {}, {}};
  recording.tenant = due.tenant;
  recording.expired_by = act;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const types::Outcome& outcome = ends[i].outcome;
    recording.results.push_back({due.recipients[i].position, types::RecipientState::failed, {}, outcome.code, outcome.sentence,
                                 evidence_of(outcome), due.recipients[i].memo});
  }
  const types::Outcome& first = ends.front().outcome;
  recording.attempts.push_back({now, due.hop, "", first.code, first.sentence, evidence_of(plan, {})});
  return recording;
}

io::Task<Result<std::uint64_t>> expire_one(const DeliveryParts& parts, const types::DueRecipients& due, const types::AdminAct& act) {
  const Instant now = parts.clock.now();
  std::vector<RecipientEnd> ends;
  for (const types::DueRecipient& recipient : due.recipients) ends.push_back(end_of(recipient, ends.size(), now));
  types::DeliveryPlan plan;
  plan.made = now;
  plan.stop = ends.front().outcome.fault;
  if (auto target = read_hop_key(due.hop); target && !target->own_domain) plan.next_hop = target->next_hop;
  const std::vector<types::Attempt> nothing_tried;
  CO_TRY(auto notices, co_await parts.notices.notices(due, plan, nothing_tried, ends));
  io::Recording recording = recording_of(due, ends, plan, act, now);
  recording.notices = std::move(notices);
  CO_TRY_VOID(co_await parts.queue.record(std::move(recording)));
  parts.log.event(expired, {{"queue", due.id.to_string()}, {"tenant", due.tenant.to_string()}, {"hop", due.hop.text},
                            {"recipients", std::to_string(ends.size())}, {"who", act.who}, {"why", act.why}});
  co_return ends.size();
}

/// Nothing was sent, so a claim whose end could not be written is given back.
io::Task<Result<std::uint64_t>> expire_or_release(const DeliveryParts& parts, const types::DueRecipients& due, const types::AdminAct& act) {
  auto ended = co_await expire_one(parts, due, act);
  if (!ended) parts.queue.release(due.id, due.hop);
  co_return ended;
}

}  // namespace

io::Task<Result<Expired>> expire(const DeliveryParts& parts, types::QueueFilter filter, types::AdminAct act) {
  Expired out;
  io::RecipientKey after{0, -1};
  while (true) {
    CO_TRY(io::Matched matched, co_await parts.queue.claim_matching(filter, act.at, after, slice));
    if (matched.looked_at == 0) co_return out;
    after = matched.last;
    out.in_delivery += matched.in_delivery;
    std::vector<io::Task<Result<std::uint64_t>>> ending;
    for (const types::DueRecipients& due : matched.due) ending.push_back(expire_or_release(parts, due, act));
    std::vector<Result<std::uint64_t>> ended = co_await io::together(std::move(ending));
    for (const Result<std::uint64_t>& one : ended) {
      if (!one) co_return Failure{Error(one.error())};
      out.recipients += *one;
    }
  }
}

}  // namespace danewerk::service
