// Letters: making strangers' text fit to stand in a message of ours.
//
// A reply line, an ORCPT or an ENVID may hold CR LF and a header of its own, control sequences for a terminal, a character
// that turns the reading direction round, or octets that are no text at all. Everything that goes into a field or into the
// text for people passes one of these functions; nothing else may put foreign octets there. They never fail: what cannot
// be shown becomes '?'.
//
// RFC 5322 2.1.1 (line lengths); RFC 3461 4 (xtext); RFC 6533 3 (unitext); RFC 3629 (UTF-8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "types/mailbox.h"

namespace danewerk::dsn {

enum class Letters : std::uint8_t { ascii, utf8 };

bool is_ascii(std::string_view text) noexcept;

/// One line of printable text: controls, stray octets, direction marks and (under `ascii`) all other characters become
/// '?', white space of any kind one space each. At most `max` octets, the cut marked by "...".
std::string printable(std::string_view text, Letters letters, std::size_t max = 900);

/// `text` with each octet that is not printable ASCII as "+XX": the xtext of RFC 3461 4 for those octets only.
std::string printable_or_hex(std::string_view text, std::size_t max = 900);

/// The letters, digits, "-" and single inner "." of `id`, at most 64: what may stand in a Message-ID, a boundary and the
/// name of a queue entry alike (RFC 5322 3.6.4, RFC 2046 5.1.1). May be empty.
std::string plain_id(std::string_view id);

/// RFC 6533 3, utf-8-addr-xtext: ASCII that needs none stands as it is, anything else is \x{HEX}. Stray octets become '?'.
std::string to_unitext(std::string_view text);
/// The reverse, to UTF-8. Text that is no unitext is returned as it is.
std::string from_unitext(std::string_view text);

/// "rfc822; user@example.org", or the utf-8 address type where the local part needs it, in the form `letters` allows.
std::string typed_address(const types::ForwardPath& path, Letters letters);

/// `text` in lines of at most `width` octets (a longer word stands alone), each with `indent` in front and "\n" behind.
std::string wrapped(std::string_view text, std::string_view indent, std::size_t width = 76);

}  // namespace danewerk::dsn
