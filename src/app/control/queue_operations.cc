#include "app/control/operations.h"

namespace danewerk::app {
namespace {

/// Stored evidence is JSON text; shown as JSON where it can be read.
Json evidence_json(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

Json entry_json(const types::QueueEntry& entry) {
  Json json{{"id", entry.id.to_string()},
            {"tenant", entry.tenant.to_string()},
            {"origin", types::to_string(entry.origin)},
            {"sender", types::to_string(entry.sender.path)},
            {"received", to_rfc3339(entry.received_at)},
            {"size", static_cast<std::uint64_t>(entry.size)},
            {"recipients", entry.recipients},
            {"waiting", entry.waiting}};
  if (entry.next_at) json["next"] = to_rfc3339(*entry.next_at);
  if (entry.finished_at) json["finished"] = to_rfc3339(*entry.finished_at);
  return json;
}

Json recipient_json(const types::QueuedRecipient& recipient) {
  Json json{{"recipient", types::to_string(recipient.recipient.path)},
            {"hop", recipient.hop.text},
            {"state", types::to_string(recipient.state)},
            {"attempts", recipient.attempts}};
  if (recipient.state == types::RecipientState::waiting) json["next"] = to_rfc3339(recipient.next_at);
  if (recipient.last_at) json["last"] = to_rfc3339(*recipient.last_at);
  if (recipient.code) json["code"] = recipient.code->to_string();
  if (!recipient.sentence.empty()) json["what"] = recipient.sentence;
  if (!recipient.evidence.empty()) json["evidence"] = evidence_json(recipient.evidence);
  return json;
}

io::Task<Result<Json>> list(OperatedParts& parts, Call& call) {
  CO_TRY(types::QueueFilter filter, queue_filter_of(call.request.arguments, parts));
  CO_TRY(auto entries, co_await parts.queue.list(std::move(filter)));
  CO_TRY(auto counts, co_await parts.queue.counts(parts.delivery.clock.now()));
  Json messages = Json::array();
  for (const types::QueueEntry& entry : entries) messages.push_back(entry_json(entry));
  co_return Json{{"messages", std::move(messages)},
                 {"counts",
                  {{"messages", counts.messages}, {"waiting", counts.waiting}, {"due", counts.due}, {"in_delivery", counts.claimed},
                   {"held", counts.held}, {"finished", counts.finished}}}};
}

io::Task<Result<Json>> show(OperatedParts& parts, Call& call) {
  CO_TRY(std::string text, text_argument(call.request.arguments, "id"));
  CO_TRY(types::QueueId id, types::QueueId::parse(text));
  CO_TRY(types::QueueDetail detail, co_await parts.queue.show(id));
  Json json = entry_json(detail.entry);
  json["recipients"] = Json::array();
  for (const types::QueuedRecipient& recipient : detail.recipients) json["recipients"].push_back(recipient_json(recipient));
  json["attempts"] = Json::array();
  for (const types::AttemptEvidence& attempt : detail.attempts) {
    json["attempts"].push_back({{"at", to_rfc3339(attempt.at)}, {"hop", attempt.hop.text}, {"host", attempt.host},
                                {"code", attempt.code.to_string()}, {"what", attempt.sentence}, {"evidence", evidence_json(attempt.evidence)}});
  }
  co_return json;
}

}  // namespace

types::AdminAct act_of(const Call& call, Instant now) {
  return {call.who, text_argument_or(call.request.arguments, "why", ""), now};
}

void add_queue_operations(Operations& operations, OperatedParts& parts) {
  operations["queue.list"] = [&parts](Call& call) { return list(parts, call); };
  operations["queue.show"] = [&parts](Call& call) { return show(parts, call); };
  add_queue_change_operations(operations, parts);
}

}  // namespace danewerk::app
