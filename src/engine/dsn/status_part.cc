#include "engine/dsn/status_part.h"

#include <algorithm>

namespace danewerk::dsn {
using namespace types;

namespace {

bool is_atom(std::string_view text) {
  static constexpr std::string_view specials = "!#$%&'*+-/=?^_`{|}~";
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           specials.find(c) != std::string_view::npos;
  });
}

/// RFC 3464 2.3.1, RFC 6533 3. The address is a stranger's text that need not fit its type (RFC 3461 4.2).
std::string original_recipient(const OriginalRecipient& original, Letters letters) {
  const std::string type = is_atom(original.address_type) ? original.address_type : "x-unknown";
  std::string lower = type;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (lower != "utf-8") return type + "; " + printable_or_hex(original.address);
  const std::string address = from_unitext(original.address);
  if (letters == Letters::utf8 && printable(address, letters) == address) return type + "; " + address;
  const bool encoded = is_ascii(original.address) && printable(original.address, Letters::ascii) == original.address;
  return type + "; " + (encoded ? original.address : to_unitext(address));
}

std::string remote_mta(const Hop& hop, const Attempt& attempt) {
  if (hop.host.name().is_root()) return "dns; [" + attempt.peer.address.to_string() + "]";
  return "dns; " + hop.host.to_string();
}

/// RFC 3464 2.3.6; RFC 3461 9.2. The peer's words, or ours where the standard gives them a reply code (RFC 7505 4), or
/// ours under a name of our own.
std::string diagnostic(const Told& told) {
  const Outcome& outcome = told.outcome;
  if (outcome.reply) return "smtp; " + outcome.reply->to_string();
  const std::string text = status_of(told).to_string() + " " + outcome.sentence;
  if (outcome.fault && outcome.fault->reply_code != 0) return "smtp; " + std::to_string(outcome.fault->reply_code) + " " + text;
  return "X-Danewerk; " + text;
}

std::string recipient_fields(const DsnInput& input, const Told& told, Letters letters) {
  std::string out;
  const auto add = [&out, letters](std::string_view name, const std::string& value) { out += field(name, value, letters); };
  if (told.recipient.original) add("Original-Recipient", original_recipient(*told.recipient.original, letters));
  add("Final-Recipient", typed_address(told.recipient.path, letters));
  add("Action", to_string(told.action));
  add("Status", status_of(told).to_string());
  const Deciding last = deciding(input, told);
  if (last.attempt != nullptr) add("Remote-MTA", remote_mta(*last.hop, *last.attempt));
  add("Diagnostic-Code", diagnostic(told));
  add("Last-Attempt-Date", to_rfc5322(last.attempt != nullptr ? last.attempt->started : told.outcome.decided));
  if (const std::string id = plain_id(input.queue_id); !id.empty()) add("Final-Log-Id", id);
  if (told.action == Action::delayed && told.retry_until) add("Will-Retry-Until", to_rfc5322(*told.retry_until));
  return out;
}

}  // namespace

EnhancedCode status_of(const Told& told) {
  EnhancedCode code = told.gave_up_as.value_or(told.outcome.code);
  code.klass = told.action == Action::failed ? 5 : told.action == Action::delayed ? 4 : 2;
  return code;
}

Deciding deciding(const DsnInput& input, const Told& told) {
  if (!told.round) return {};
  CHECK(*told.round < input.rounds.size());
  const Round& round = input.rounds[*told.round];
  if (!told.outcome.attempt) return {};
  CHECK(*told.outcome.attempt < round.attempts.size());
  const Attempt& attempt = round.attempts[*told.outcome.attempt];
  const auto hop = static_cast<std::size_t>(attempt.hop);
  CHECK(hop < round.plan.hops.size());
  return {&attempt, &round.plan.hops[hop]};
}

Part status_part(const DsnInput& input, Letters letters) {
  std::string out;
  if (input.sender.envelope_id) {
    out += field("Original-Envelope-Id", printable_or_hex(*input.sender.envelope_id), Letters::ascii);
  }
  out += field("Reporting-MTA", "dns; " + input.reporting_mta.to_string(), Letters::ascii);
  out += field("Arrival-Date", to_rfc5322(input.arrived), Letters::ascii);
  for (const Told& told : input.told) out += "\r\n" + recipient_fields(input, told, letters);
  if (is_ascii(out)) return {"message/delivery-status", TransferEncoding::seven_bit, std::move(out)};
  return {"message/global-delivery-status", TransferEncoding::eight_bit, std::move(out)};  // RFC 6533 4.1
}

}  // namespace danewerk::dsn
