// The grammar of SMTP commands: one line in, a command or the exact reply to its fault out.
//
// What the grammar lets through, every later part trusts: no control character, no NUL, no octet beyond ASCII without
// SMTPUTF8, no parameter that was not understood. It is strict where a second reading would be dangerous (line ends,
// paths, numbers, DSN parameters) and kind where sloppiness is common and harmless: a space after "FROM:", trailing
// blanks, an EHLO name that is no domain, lower-case verbs.
//
// Replies (RFC 5321 4.2.3, RFC 3463): 500 5.5.1 unknown command, 500 5.5.2 unreadable line, 501 5.5.4 bad argument,
// 501 5.1.7 / 5.1.3 bad sender / recipient path, 502 5.5.1 known but not offered, 504 5.5.4 parameter value not
// implemented, 553 5.6.7 UTF-8 address without SMTPUTF8, 552 5.3.4 SIZE over the limit, 555 5.5.4 unknown parameter.
//
// RFC 5321 4.1; RFC 1870; RFC 6152; RFC 6531 3.4; RFC 3461 4; RFC 3030 2; RFC 8689 2; RFC 3207 4.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/smtp/command.h"
#include "types/reply.h"

namespace danewerk::engine::smtp {

/// Turns a U-label domain ("bücher.example") into A-labels. Pure; the real one is io/text's. Error: malformed.
using ToAscii = Result<types::DomainName> (*)(std::string_view);
/// Refuses every domain that is not ASCII already: for hosts without IDNA, and for tests.
Result<types::DomainName> no_u_labels(std::string_view domain);

enum class TlsState : std::uint8_t { clear, encrypted };

/// What the grammar must know about the conversation so far.
struct Dialect {
  ByteCount message_limit{};            ///< 0: none announced
  TlsState tls = TlsState::clear;       ///< REQUIRETLS is a parameter only under TLS (RTL-01)
  types::Smtputf8 utf8 = types::Smtputf8::no;  ///< the current transaction's; decides for RCPT
  ToAscii to_ascii = no_u_labels;
};

/// `line` is without its CRLF. Error: the reply to send.
Result<Command, types::Reply> parse_command(std::string_view line, const Dialect& dialect);

/// True where the line begins with the verb BDAT, whatever follows: a BDAT line that cannot be read leaves the number
/// of octets behind it unknown, and reading them as commands would be smuggling. The session closes then.
bool is_bdat(std::string_view line) noexcept;
/// True for MAIL and RCPT, whose lines may be longer (Limits::path_command_line).
bool is_path_command(std::string_view line) noexcept;

}  // namespace danewerk::engine::smtp
