// wanted(): who is to be told of what, and who must never be.
//
// A mail system that answers too much is as harmful as one that answers too little. A notice about a notice makes two
// servers write to each other for ever; a notice nobody asked for, to an address a spammer forged, is spam of our own
// making; and mail that vanishes without a notice is lost. The sender's wish is in NOTIFY, the limits are the RFCs', and
// the whole of it is this one table.
//
//   NOTIFY of the recipient      failed     delayed              delivered   relayed to a server without DSN
//   (none given)                 notice     as the operator set  -           -
//   NEVER                        -          -                    -           -
//   names FAILURE                notice                                          and likewise for each word
//   names DELAY                             notice
//   names SUCCESS                                                notice      notice
//   reverse-path "<>"            -          -                    -           -           whatever NOTIFY says
//
// Invariant: no notice follows from a message with a null reverse-path, and our notices have one (SMTP-06). There is no
// second recipient: what may not be told to the sender is told to nobody by mail (the log and the ledger hold it).
//
// RFC 3461 4.1, 5.2.1 to 5.2.6, 5.2.8; RFC 5321 4.5.5, 6.1; SMTP-06, SMTP-09.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "types/attempt.h"
#include "types/envelope.h"

namespace danewerk::dsn {

/// What has become of a recipient.
enum class Event : std::uint8_t {
  failed,             ///< never: refused for good, or the limit passed
  delayed,            ///< not yet, for longer than the operator's warning time, and no notice of it was sent before
  delivered,          ///< in the recipient's mailbox
  relayed,            ///< taken over by a server that advertised DSN and was given NOTIFY: it will answer (RFC 3461 5.2.1)
  relayed_past_dsn,   ///< taken over by a server that does not know DSN: nobody will answer (RFC 3461 5.2.2)
};

/// RFC 3464 2.3.3: what a notice says of a recipient. "expanded" is for list servers, which we are not.
enum class Action : std::uint8_t { failed, delayed, delivered, relayed };

/// RFC 3461 4.1 leaves open whether a sender who said nothing hears of delays.
enum class DelayByDefault : std::uint8_t { silent, tell };

struct Happened {
  types::RecipientIndex recipient{};
  Event event = Event::delayed;
  friend bool operator==(const Happened&, const Happened&) = default;
};

struct Due {
  types::RecipientIndex recipient{};
  Action action = Action::failed;
  friend bool operator==(const Due&, const Due&) = default;
};

/// Who of `happened` is to be told of, in that order; the rest must not appear in a notice (RFC 3461 5.2.8). Empty: send
/// none. Each index must name a recipient of `envelope` (CHECKed).
std::vector<Due> wanted(const types::Envelope& envelope, std::span<const Happened> happened, DelayByDefault delay);

/// The word of the Action field.
const char* to_string(Action action) noexcept;

}  // namespace danewerk::dsn
