// What a server session asks of its driver, and what the driver answers.
//
// The session knows the protocol; it does not know who may send what to whom, nor where mail is kept. Each such question
// is a Request; those marked (answer) wait for exactly one ServerSession::reply(), the others are notices. One message:
//
//   Connected (answer)  ->  [StartTlsGiven (answer)]  ->  SenderGiven (answer)  ->  RecipientGiven (answer) ...
//     ->  BodyStart (answer)  ->  BodyChunk ...  ->  BodyEnd (answer: made durable before it is accepted, SMTP-02)
//                                                or  BodyAbandoned (throw away what BodyStart began)
//
// SenderGiven always begins a new envelope; only accepted recipients belong to it. Closed comes once, last.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "engine/smtp/line_rules.h"
#include "types/envelope.h"
#include "types/reply.h"

namespace danewerk::engine::smtp {

/// (answer) accept: the banner; refuse: that reply instead, and the connection closes.
struct Connected {};
/// (answer) accept: 220, after which the driver sends all output, performs the handshake and calls tls_established().
/// Refuse with 454 4.7.0 where no key can be served.
struct StartTlsGiven {};
/// (answer) accept: 250 2.1.0.
struct SenderGiven {
  types::Sender sender;
};
/// (answer) accept: 250 2.1.5.
struct RecipientGiven {
  types::Recipient recipient;
};
/// (answer) accept: 354, or for BDAT nothing yet. Refuse: the transaction ends.
struct BodyStart {};
/// A piece of the message: dots unstuffed, CRLF kept, never split at less than what arrived. The view lives until the
/// next call of any ServerSession function that is not const.
struct BodyChunk {
  std::string_view octets;
};
/// (answer) accept means: we are responsible for the message from now on (RFC 5321 6.1).
struct BodyEnd {
  ByteCount size;
};
enum class AbandonReason : std::uint8_t { bad_line_ends, too_large, reset_by_peer, connection_lost, refused };
const char* to_string(AbandonReason reason) noexcept;
/// What came since BodyStart is void; nobody was promised anything.
struct BodyAbandoned {
  AbandonReason reason;
};
enum class CloseReason : std::uint8_t {
  quit,               ///< the peer said QUIT
  peer_gone,          ///< the driver said peer_closed()
  timeout,            ///< tick() past deadline()
  refused,            ///< an answer with AfterReply::close, or Connected refused
  too_many_errors,    ///< Limits::errors and its kin
  bare_line_end,      ///< LF without CR among commands
  unreadable_bdat,    ///< BDAT whose octet count is unknown, or too much to swallow
  endless_body,       ///< a refused body longer than Limits::discard
  injected_plaintext, ///< octets behind STARTTLS (CVE-2011-0411)
  stopping,           ///< shut_down()
};
const char* to_string(CloseReason reason) noexcept;
/// Send the remaining output, then close the connection.
struct Closed {
  CloseReason reason;
};

using Request = std::variant<Connected, StartTlsGiven, SenderGiven, RecipientGiven, BodyStart, BodyChunk, BodyEnd,
                             BodyAbandoned, Closed>;

enum class AfterReply : std::uint8_t { go_on, close };

/// The answer to one Request. Without a reply it accepts, in the session's own words; with a positive (2yz) reply it
/// accepts in those words; any other reply refuses.
struct Decision {
  std::optional<types::Reply> reply;
  AfterReply after = AfterReply::go_on;

  static Decision accept() { return {}; }
  static Decision say(types::Reply reply) { return {std::move(reply), AfterReply::go_on}; }
  /// Says it and closes: for 421 and 554.
  static Decision hang_up(types::Reply reply) { return {std::move(reply), AfterReply::close}; }
  bool accepts() const noexcept { return !reply || reply->is_positive(); }
};

}  // namespace danewerk::engine::smtp
