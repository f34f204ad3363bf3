// What a client session tells its driver.
//
// The order of one connection: NeedTls (if it comes to that), Ready, then for each message begin_message(),
// RecipientResult for each recipient, NeedBody if any was accepted, MessageResult; at the end Finished or Failed.
// A Failed session is over: the connection is closed, and a message under way has no result but this one. Whether it
// may be tried again is the caller's decision, on the phase and the reply.
#pragma once

#include <cstdint>
#include <variant>

#include "engine/smtp/capabilities.h"
#include "types/reply.h"

namespace danewerk::engine::smtp {

/// Where in the conversation something happened.
enum class ClientPhase : std::uint8_t {
  greeting, hello, starttls, handshake, idle, mail, rcpt, data, body, final_reply, reset, quit
};
const char* to_string(ClientPhase phase) noexcept;

/// Why a session ended, where it was not a reply that ended it.
enum class Breakdown : std::uint8_t {
  starttls_not_offered,  ///< TLS is required; the report says starttls-not-supported (RFC 8460 4.3.1)
  injected_plaintext,    ///< octets between the 220 to STARTTLS and the handshake
  broken_reply,          ///< ReplyFault
  unexpected_reply,      ///< a reply nobody asked for, or a code that has no meaning here
  bad_body,              ///< our own message holds CR or LF alone, NUL, or another size than was said: 5.6.11
  timeout,
  connection_lost,
};
const char* to_string(Breakdown breakdown) noexcept;

/// Send all output, then perform the handshake, then call tls_established(). Octets read but not part of the handshake
/// go to received(), which fails the session.
struct NeedTls {};

enum class ClientTls : std::uint8_t {
  not_asked,    ///< TlsDemand::none
  not_offered,  ///< opportunistic, no STARTTLS in EHLO
  refused,      ///< opportunistic, STARTTLS answered with an error
  established,
};
const char* to_string(ClientTls tls) noexcept;

/// begin_message(), reset() or quit() may follow.
struct Ready {
  Capabilities peer;
  ClientTls tls = ClientTls::not_asked;
};
/// SMTP: the answer to RCPT; a positive one is provisional until MessageResult. LMTP: also the final answer for an
/// accepted recipient (phase final_reply), which alone decides for that recipient (RFC 2033 4.2).
struct RecipientResult {
  std::size_t index = 0;  ///< in the envelope given
  types::Reply reply;
  ClientPhase phase = ClientPhase::rcpt;
};
/// Give the body: body() any number of times, then end_body().
struct NeedBody {};
/// The message is done with; `phase` says which command decided: mail, rcpt (all recipients were refused; `reply` is
/// the last refusal), data, or final_reply. LMTP: the reply for the last recipient.
struct MessageResult {
  types::Reply reply;
  ClientPhase phase = ClientPhase::final_reply;
};
struct Failed {
  ClientPhase phase = ClientPhase::greeting;
  std::variant<types::Reply, Breakdown> why;
};
/// QUIT was answered, or the server went first: close.
struct Finished {};

using ClientEvent = std::variant<NeedTls, Ready, RecipientResult, NeedBody, MessageResult, Failed, Finished>;

}  // namespace danewerk::engine::smtp
