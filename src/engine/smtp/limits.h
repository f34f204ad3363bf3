// Limits and timeouts of an SMTP conversation, as data.
//
// Every number a peer can push against stands here, so that "how much can one connection cost us" has one answer, and
// tests can shrink it. The sessions read no clock: they are told `now` and say when they want to be woken (deadline()).
//
// Memory a server session holds, whatever the peer sends: the bytes of one received() call not yet consumed, one partial
// command line (`command_line` or `path_command_line`), and the replies to what one received() call held. Bodies never
// accumulate. The number of replies is bounded by max_errors, max_idle_commands and the recipients asked about.
//
// RFC 5321 4.5.3.1 (sizes, SMTP-03), 4.5.3.2 (timeouts, SMTP-04); RFC 3461 5.4 (RCPT lines of 1036); RFC 1870 3.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"

namespace danewerk::engine::smtp {

/// What a server session accepts. Line lengths include CRLF.
struct Limits {
  std::size_t command_line = 512;        ///< RFC 5321 4.5.3.1.4
  std::size_t path_command_line = 2048;  ///< MAIL and RCPT: 512 plus what SIZE, BODY, SMTPUTF8, DSN, REQUIRETLS add
  ByteCount message{std::uint64_t{150} * 1024 * 1024};  ///< announced by SIZE, held by count: 552 5.3.4
  /// Octets of an already refused body that are swallowed before the connection is closed instead.
  ByteCount discard{std::uint64_t{64} * 1024 * 1024};
  std::uint32_t recipients = 1000;           ///< accepted ones a message; the next gets 452 4.5.3 (at least 100)
  std::uint32_t errors = 20;                 ///< syntax and sequence faults a session; one more: 421
  std::uint32_t refused_recipients = 200;    ///< a session; one more: 421 (address harvesting)
  std::uint32_t idle_commands = 100;         ///< NOOP, RSET, HELP, VRFY, EHLO since the last message; then each is an error
};

/// How long a server session waits for its peer. Partial lines do not extend `command`.
struct ServerTimeouts {
  Duration command = std::chrono::minutes(5);   ///< RFC 5321 4.5.3.2.7
  Duration body_block = std::chrono::minutes(5);  ///< between two arrivals of body octets
  Duration body_total = std::chrono::hours(1);    ///< a whole DATA body or BDAT chunk, however steadily it drips
  Duration handshake = std::chrono::minutes(2);   ///< from 220 to tls_established()
};

/// RFC 5321 4.5.3.2.1 to .6; `handshake` and `quit` are ours.
struct ClientTimeouts {
  Duration greeting = std::chrono::minutes(5);
  Duration command = std::chrono::minutes(5);     ///< EHLO, STARTTLS, MAIL, RCPT, RSET
  Duration data_go = std::chrono::minutes(2);     ///< DATA until 354
  Duration body_block = std::chrono::minutes(3);  ///< between two pieces of body
  Duration final_reply = std::chrono::minutes(10);
  Duration handshake = std::chrono::minutes(2);
  Duration quit = std::chrono::seconds(10);
};

/// What a client session takes in replies before it calls the peer broken.
struct ReplyLimits {
  std::size_t line = 2048;  ///< octets with CRLF; RFC 5321 4.5.3.1.5 says 512, real servers exceed it
  std::size_t lines = 128;  ///< lines of one reply
  std::size_t total = 32768;  ///< octets of one reply
};

}  // namespace danewerk::engine::smtp
