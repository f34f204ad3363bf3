#include <algorithm>

#include "engine/policy/judge.h"
#include "engine/policy/words.h"

namespace danewerk::policy {
using namespace types;

namespace {

/// Some were settled by this attempt, others turned away only because there were too many: the same server again. Each
/// such round settles at least one recipient, so it ends.
bool wants_more_of_the_same(const Attempt& last, std::span<const RecipientIndex> unsettled) {
  if (last.end != AttemptEnd::completed) return false;
  const bool progress = std::any_of(last.replies.begin(), last.replies.end(), [&last](const RecipientReply& reply) {
    return word_on(last, reply.recipient).settles();
  });
  return progress && std::any_of(unsettled.begin(), unsettled.end(), [&last](RecipientIndex recipient) {
           const Word word = word_on(last, recipient);
           return word.recipient_limit || word.kind == WordKind::silent;
         });
}

/// Another address of the same host may do better: the session failed, the host as such said nothing about the mail.
bool stays_with_host(const Attempt& last) {
  switch (last.end) {
    case AttemptEnd::completed:
    case AttemptEnd::extension_missing: return false;
    case AttemptEnd::refused:
      return last.phase == Phase::greeting || (last.phase < Phase::mail && last.reply && last.reply->code == 421);
    default: return true;
  }
}

bool is_known_dead(std::span<const Attempt> attempts, const Endpoint& peer) {
  return std::any_of(attempts.begin(), attempts.end(), [&peer](const Attempt& attempt) {
    return attempt.end == AttemptEnd::not_connected && attempt.peer == peer;
  });
}

/// The first address from `position` of hop `index` on that is not known to be dead; nothing at the end of the plan.
std::optional<Target> from(const DeliveryPlan& plan, std::span<const Attempt> attempts, std::size_t index,
                           std::size_t position) {
  for (; index < plan.hops.size(); ++index, position = 0) {
    const Hop& hop = plan.hops[index];
    for (; position < hop.addresses.size(); ++position) {
      if (is_known_dead(attempts, {hop.addresses[position], hop.port})) continue;
      return Target{HopIndex{static_cast<std::uint32_t>(index)}, hop.addresses[position], Opening::starttls};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Target> next_target(const DeliveryPlan& plan, std::span<const Attempt> attempts,
                                  std::span<const RecipientIndex> recipients) {
  std::vector<RecipientIndex> unsettled;
  for (const RecipientIndex recipient : recipients) {
    if (!is_settled(attempts, recipient)) unsettled.push_back(recipient);
  }
  if (unsettled.empty()) return std::nullopt;
  if (attempts.empty()) return from(plan, attempts, 0, 0);

  const Attempt& last = attempts.back();
  const Hop& hop = hop_of(plan, last);
  if (is_in_doubt(last)) return std::nullopt;
  // One of our own addresses that cannot be used may be of the other family than the next.
  if (last.end == AttemptEnd::local_fault && last.phase != Phase::connect) return std::nullopt;
  if (wants_more_of_the_same(last, unsettled)) return Target{last.hop, last.peer.address, last.opening};
  // TL-11 (c), RFC 7672 2.2: the only way to a target in clear.
  if (hop.level == SecurityLevel::opportunistic && last.opening == Opening::starttls && failed_in_tls(last)) {
    return Target{last.hop, last.peer.address, Opening::plain};
  }
  const auto index = static_cast<std::size_t>(last.hop);
  if (!stays_with_host(last)) return from(plan, attempts, index + 1, 0);
  const auto tried = std::find(hop.addresses.begin(), hop.addresses.end(), last.peer.address);
  const auto position = static_cast<std::size_t>(tried - hop.addresses.begin());
  return from(plan, attempts, index, position + 1);
}

}  // namespace danewerk::policy
