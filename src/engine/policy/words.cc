#include "engine/policy/words.h"

#include <algorithm>

namespace danewerk::policy {
using namespace types;

namespace {

bool accepted_any(const Attempt& attempt) {
  return std::any_of(attempt.replies.begin(), attempt.replies.end(),
                     [](const RecipientReply& reply) { return reply.reply.is_positive(); });
}

/// 530 to a session that had to go on in clear after a failed handshake speaks of the handshake, not of the message.
bool speaks_of_tls(const Attempt& attempt, const Reply& reply) {
  return attempt.opening == Opening::plain && reply.code == 530;
}

Word refusal(const Attempt& attempt, const Reply& reply, Phase phase) {
  Word word{WordKind::deferred, &reply, phase, false};
  if (reply.is_permanent() && !speaks_of_tls(attempt, reply)) word.kind = WordKind::failed;
  return word;
}

Word rcpt_refusal(const Attempt& attempt, const Reply& reply) {
  Word word = refusal(attempt, reply, Phase::recipients);
  if ((reply.code == 452 || reply.code == 552) && accepted_any(attempt)) {  // RFC 5321 4.5.3.1.10
    word.kind = WordKind::deferred;
    word.recipient_limit = true;
  }
  return word;
}

}  // namespace

const Hop& hop_of(const DeliveryPlan& plan, const Attempt& attempt) {
  const auto index = static_cast<std::size_t>(attempt.hop);
  CHECK(index < plan.hops.size());
  return plan.hops[index];
}

Word word_on(const Attempt& attempt, RecipientIndex recipient) {
  const RecipientReply* own = nullptr;
  for (const RecipientReply& reply : attempt.replies) {
    if (reply.recipient == recipient) own = &reply;  // the last word
  }
  if (own != nullptr && !own->reply.is_positive()) {
    return own->phase == Phase::recipients ? rcpt_refusal(attempt, own->reply)
                                           : refusal(attempt, own->reply, own->phase);
  }
  if (own != nullptr && own->phase >= Phase::data) return {WordKind::delivered, &own->reply, own->phase, false};
  const bool about_message = attempt.end == AttemptEnd::refused && attempt.phase >= Phase::mail;
  if (about_message && attempt.reply) return refusal(attempt, *attempt.reply, attempt.phase);
  return {};
}

bool is_settled(std::span<const Attempt> attempts, RecipientIndex recipient) {
  return std::any_of(attempts.begin(), attempts.end(),
                     [recipient](const Attempt& attempt) { return word_on(attempt, recipient).settles(); });
}

bool is_in_doubt(const Attempt& attempt) {
  const bool broken = attempt.end == AttemptEnd::lost || attempt.end == AttemptEnd::timed_out ||
                      attempt.end == AttemptEnd::protocol_error;
  return broken && attempt.phase == Phase::content;
}

bool failed_in_tls(const Attempt& attempt) {
  switch (attempt.end) {
    case AttemptEnd::starttls_not_offered:
    case AttemptEnd::starttls_refused:
    case AttemptEnd::handshake_failed: return true;
    case AttemptEnd::lost:
    case AttemptEnd::timed_out:
    case AttemptEnd::protocol_error: return attempt.phase == Phase::starttls || attempt.phase == Phase::handshake;
    default: return false;
  }
}

}  // namespace danewerk::policy
