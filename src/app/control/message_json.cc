#include "app/control/message_json.h"

#include "types/rules.h"

namespace danewerk::app {
namespace {

/// Stored evidence is JSON text; shown as JSON where it can be read.
Json evidence_json(const std::string& text) {
  Json json = parse_json(text);
  return json.is_discarded() ? Json(text) : json;
}

Json recipient_json(const types::QueuedRecipient& recipient) {
  Json json = object({{"recipient", types::to_string(recipient.recipient.path)},
                      {"hop", recipient.hop.text},
                      {"state", types::to_string(recipient.state)},
                      {"attempts", recipient.attempts}});
  if (recipient.state == types::RecipientState::waiting) put(json, {"next", to_rfc3339(recipient.next_at)});
  if (recipient.last_at) put(json, {"last", to_rfc3339(*recipient.last_at)});
  if (recipient.code) put(json, {"code", recipient.code->to_string()});
  if (!recipient.sentence.empty()) put(json, {"what", recipient.sentence});
  if (!recipient.evidence.empty()) put(json, {"evidence", evidence_json(recipient.evidence)});
  return json;
}

Json attempt_json(const types::AttemptEvidence& attempt) {
  Json json = object({{"at", to_rfc3339(attempt.at)}, {"hop", attempt.hop.text}, {"host", attempt.host},
                      {"code", attempt.code.to_string()}, {"what", attempt.sentence}, {"evidence", evidence_json(attempt.evidence)}});
  if (attempt.proof != types::ProofState::none) put(json, {"proof", types::to_string(attempt.proof)});
  if (!attempt.no_proof.empty()) put(json, {"no_proof", attempt.no_proof});
  return json;
}

}  // namespace

Json entry_json(const types::QueueEntry& entry) {
  Json json = object({{"id", entry.id.to_string()},
                      {"tenant", entry.tenant.to_string()},
                      {"origin", types::to_string(entry.origin)},
                      {"sender", types::to_string(entry.sender.path)},
                      {"received", to_rfc3339(entry.received_at)},
                      {"size", static_cast<std::uint64_t>(entry.size)},
                      {"recipients", entry.recipients},
                      {"waiting", entry.waiting}});
  if (entry.sender.require_tls != types::RequireTls::no) put(json, {"require_tls", types::to_string(entry.sender.require_tls)});
  if (!entry.message_id.empty()) put(json, {"message_id", entry.message_id});
  if (entry.next_at) put(json, {"next", to_rfc3339(*entry.next_at)});
  if (entry.finished_at) put(json, {"finished", to_rfc3339(*entry.finished_at)});
  return json;
}

Json detail_json(const types::QueueDetail& detail) {
  Json json = entry_json(detail.entry);
  if (!detail.arrival.empty()) put(json, {"arrival", evidence_json(detail.arrival)});
  if (detail.about) put(json, {"about", detail.about->to_string()});
  put(json, {"recipients", Json::array()});
  for (const types::QueuedRecipient& recipient : detail.recipients) json["recipients"].push_back(recipient_json(recipient));
  put(json, {"attempts", Json::array()});
  for (const types::AttemptEvidence& attempt : detail.attempts) json["attempts"].push_back(attempt_json(attempt));
  for (const types::QueueEntry& notice : detail.notices) json["notices"].push_back(entry_json(notice));
  return json;
}

}  // namespace danewerk::app
