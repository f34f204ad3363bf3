// Words: what an attempt said about one recipient. Shared by judge() and next_target(), so that a recipient counted as
// settled by one is never tried again by the other. Private to this folder.
//
// RFC 5321 4.2.1, 4.2.5, 4.5.3.1.10.
#pragma once

#include <span>

#include "types/outcome.h"

namespace danewerk::policy {

enum class WordKind : std::uint8_t {
  silent,     ///< the attempt ended before anything was said about this recipient, or it was not offered
  delivered,  ///< taken over
  deferred,   ///< not now, by a reply
  failed,     ///< never, by a reply
};

struct Word {
  WordKind kind = WordKind::silent;
  const types::Reply* reply = nullptr;  ///< lives as long as the attempt
  types::Phase phase = types::Phase::connect;
  bool recipient_limit = false;  ///< deferred only because the server takes no more recipients in one transaction

  bool settles() const { return kind == WordKind::delivered || kind == WordKind::failed; }
};

/// The hop an attempt was made at; it must name one of the plan (CHECKed). Lives as long as the plan.
const types::Hop& hop_of(const types::DeliveryPlan& plan, const types::Attempt& attempt);

Word word_on(const types::Attempt& attempt, types::RecipientIndex recipient);

/// True where one of the attempts settled the recipient.
bool is_settled(std::span<const types::Attempt> attempts, types::RecipientIndex recipient);

/// True where the attempt ended after the whole content was sent and without a reply to it.
bool is_in_doubt(const types::Attempt& attempt);

/// True where the attempt failed in STARTTLS or in the handshake, by whatever end.
bool failed_in_tls(const types::Attempt& attempt);

}  // namespace danewerk::policy
