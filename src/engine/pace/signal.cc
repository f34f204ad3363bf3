#include "engine/pace/signal.h"

#include <algorithm>
#include <array>
#include <string>

namespace danewerk::pace {
using namespace types;

namespace {

constexpr std::array<std::string_view, 10> rate_words{"rate", "throttl", "too many messages", "too many emails", "too much mail", "too fast",
                                                      "slow down", "per minute", "per hour", "frequency"};
constexpr std::array<std::string_view, 4> connection_words{"connection", "concurren", "simultaneous", "session"};

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// Whether a word of `text` begins so: "rate limit" is about rates, "operate" is not.
template <class Words>
bool has_any(const std::string& text, const Words& words) {
  return std::any_of(words.begin(), words.end(), [&text](std::string_view word) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      if (at == 0 || !is_letter(text[at - 1])) return true;
    }
    return false;
  });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

bool is_complaint(const Reply& reply, Phase phase) {
  if (reply.code == 421) return true;
  const bool about_policy = reply.is_transient() && reply.enhanced && reply.enhanced->subject == 7;
  if (!about_policy) return false;
  return phase < Phase::recipients || complaint_of(reply) != Complaint::unspecific;
}

/// The first complaint in an attempt, if there is one.
const Reply* complaint_in(const Attempt& attempt) {
  if (attempt.reply && is_complaint(*attempt.reply, attempt.phase)) return &*attempt.reply;
  for (const RecipientReply& one : attempt.replies) {
    if (is_complaint(one.reply, one.phase)) return &one.reply;
  }
  return nullptr;
}

bool gave_no_connection(const Attempt& attempt) {
  if (attempt.end == AttemptEnd::not_connected) return true;
  return attempt.phase <= Phase::greeting && (attempt.end == AttemptEnd::timed_out || attempt.end == AttemptEnd::lost);
}

/// A plan that stops because nobody answered for the destination's names.
bool names_unanswered(const DeliveryPlan& plan) {
  if (!plan.stop || plan.stop->kind == FaultKind::ours || !plan.stop->evidence || !plan.stop->evidence->error) return false;
  const LookupErrorKind kind = plan.stop->evidence->error->kind;
  return kind == LookupErrorKind::timeout || kind == LookupErrorKind::server_failure;
}

}  // namespace

Complaint complaint_of(const Reply& reply) {
  const std::string text = lower(reply.to_string());
  if (has_any(text, rate_words)) return Complaint::rate;
  if (has_any(text, connection_words)) return Complaint::connections;
  return Complaint::unspecific;
}

Signal signal_of(const DeliveryPlan& plan, std::span<const Attempt> attempts, std::span<const Outcome> outcomes, Instant started) {
  Signal signal;
  signal.started = started;
  for (const Outcome& outcome : outcomes) {
    if (outcome.disposition == Disposition::delivered) signal.heard = Heard::delivered;
    if (outcome.fault && !signal.fault) signal.fault = outcome.fault;
  }
  for (const Attempt& attempt : attempts) {
    const Reply* words = complaint_in(attempt);
    if (words == nullptr) continue;
    signal.heard = Heard::busy;
    signal.about = complaint_of(*words);
    return signal;
  }
  if (signal.heard == Heard::delivered) return signal;
  const bool ours = signal.fault && signal.fault->kind == FaultKind::ours;
  if (ours || (attempts.empty() && !names_unanswered(plan))) return signal;
  signal.heard = std::all_of(attempts.begin(), attempts.end(), gave_no_connection) ? Heard::no_connection : Heard::answered;
  return signal;
}

}  // namespace danewerk::pace
