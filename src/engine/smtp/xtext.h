// xtext and its UTF-8 sibling: how DSN parameters carry arbitrary text inside one SMTP argument.
//
// ENVID and ORCPT are copied from a command into headers of notifications months of code later. Their decoded value must
// therefore never hold a control character: "a+0D+0ABcc:" would otherwise become a header of its own. Decoding refuses
// what is not printable; encoding produces only what RFC 3461 4 allows.
//
// RFC 3461 4 (xtext), RFC 6533 3 (utf-8-addr-xtext, utf-8-addr-unitext, utf-8-address).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "types/mailbox.h"

namespace danewerk::engine::smtp {

/// "a+2Bb" is "a+b". Error: malformed, where a '+' lacks two upper-case hexadecimal digits, an octet is not an xchar,
/// or the decoded octet is not printable ASCII or space.
Result<std::string> decode_xtext(std::string_view text);
std::string encode_xtext(std::string_view text);

/// "caf\x{E9}@example" is "café@example". Raw UTF-8 counts only with Smtputf8::yes. Error: malformed.
Result<std::string> decode_utf8_address(std::string_view text, types::Smtputf8 utf8);
/// The pure ASCII form, legal towards every server. `text` must be UTF-8; other octets become "\x{FFFD}".
std::string encode_utf8_address(std::string_view text);

}  // namespace danewerk::engine::smtp
