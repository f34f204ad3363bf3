// judge() and next_target(): what one round of tries has come to, and where to go next within it.
//
// A message may meet five hosts in one round, each failing in its own way, and the sender is told one thing. Which one,
// and whether the mail may still be tried elsewhere, is decided here and nowhere else, from the plan and the attempts as
// they happened. Recipients stand alone: one may be delivered, one refused, one left for later (RFC 5321 4.2.5).
//
// Where to go next (design.md 9.8; RFC 5321 5.1, 4.2.1; RFC 7672 2.2; the choices follow Postfix where RFC 5321 is open):
//
//   no connection, silence, loss before the content was sent    next address, then next host
//   STARTTLS or handshake failed at `opportunistic`             the same address once more, in clear (TL-11 c)
//   STARTTLS, handshake or authentication failed otherwise      next address, then next host; never in clear
//   4xx or 5xx greeting, 421 before MAIL                        next address, then next host: it says no to the session,
//                                                               not to the message; at the end deferred, never failed
//   4xx later                                                   next host, for the recipients concerned
//   452 (or 552) to a RCPT while others were accepted           the same address again: the server limits recipients
//                                                               (RFC 5321 4.5.3.1.10)
//   5xx to MAIL, DATA or the content                            final for all recipients it concerns
//   5xx to RCPT                                                 final for that recipient
//   an extension the message needs is missing                   next host; at the end final (5.7.30, 5.6.7, 5.6.3, 5.3.4)
//   connection lost after the content was sent, no reply        the round ends: it may have been accepted, and trying on
//                                                               at once is the surest way to deliver twice
//   a fault of ours before there was a connection               next address: we may be able to set out for that one
//   any other fault of ours                                     the round ends
//
// Invariant: a target in clear is only ever given for a hop at `opportunistic` (never after 220 to STARTTLS was followed
// by a successful handshake, and never in other levels), whatever the attempts say.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "types/outcome.h"

namespace danewerk::policy {

struct Target {
  types::HopIndex hop{};
  types::IpAddress address;
  types::Opening opening = types::Opening::starttls;
  friend bool operator==(const Target&, const Target&) = default;
};

/// The next address to try in this round for those of `recipients` that are not settled yet; nothing where the round is
/// over. `attempts` are those of this round, in order; each must name a hop of the plan (CHECKed).
std::optional<Target> next_target(const types::DeliveryPlan& plan, std::span<const types::Attempt> attempts,
                                  std::span<const types::RecipientIndex> recipients);

/// One Outcome for each of `recipients`, in their order. For a plan that stops, its stop; otherwise from the attempts.
/// `deferred` means this round did not settle it; engine/retry says whether there is another.
std::vector<types::Outcome> judge(const types::DeliveryPlan& plan, std::span<const types::Attempt> attempts,
                                  std::span<const types::RecipientIndex> recipients, Instant now);

/// What an attempt that reached the hop proves about who took the mail (MX-07, TL-15).
types::Assurance assurance(const types::Hop& hop, const types::Attempt& attempt);

/// Why an attempt did not deliver to all; nothing where it completed.
std::optional<types::Fault> fault_of(const types::DeliveryPlan& plan, const types::Attempt& attempt);

}  // namespace danewerk::policy
