// Replies on the wire: a types::Reply becomes lines, "550-5.7.1 first", "550 5.7.1 last".
//
// Text that came from elsewhere (a policy, an address, another server) can never break the line structure: octets that
// are not printable ASCII become '?', lines are cut at 512 octets. RFC 5321 4.2 and 4.5.3.1.5; RFC 2034 4 (the enhanced
// code stands on every line).
#pragma once

#include <string>
#include <string_view>

#include "types/reply.h"

namespace danewerk::engine::smtp {

/// A one-line reply: `make_reply(550, {5, 1, 1}, "no such user")`.
types::Reply make_reply(int code, types::EnhancedCode enhanced, std::string_view text);

/// Appends the reply's lines, each ended by CRLF. A reply without lines gets one with an empty text.
void append_reply(std::string& out, const types::Reply& reply);

}  // namespace danewerk::engine::smtp
