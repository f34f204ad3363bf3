// Commands: what a client may say, as values.
//
// A line is parsed once (grammar.h) into one of these; nothing behind the grammar sees text with meaning again. MAIL and
// RCPT carry the envelope types that travel with the message to its end. RFC 5321 4.1; RFC 3207, 3030, 4954 for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "types/envelope.h"

namespace danewerk::engine::smtp {

enum class LastChunk : std::uint8_t { no, yes };

struct Ehlo {
  std::string name;  ///< as the client gave it: printable, not verified, often not a domain at all
};
struct Helo {
  std::string name;
};
struct Mail {
  types::Sender sender;
};
struct Rcpt {
  types::Recipient recipient;
};
struct Data {};
/// RFC 3030 2. A count that does not fit 64 bits is given as the largest that does.
struct Bdat {
  ByteCount size{};
  LastChunk last = LastChunk::no;
};
struct Rset {};
struct Noop {};
struct Quit {};
struct Help {};
struct Vrfy {};
struct StartTls {};

using Command = std::variant<Ehlo, Helo, Mail, Rcpt, Data, Bdat, Rset, Noop, Quit, Help, Vrfy, StartTls>;

}  // namespace danewerk::engine::smtp
