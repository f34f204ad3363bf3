// Blanks: the white space that RFC 6376 2.8 lets stand, or be folded, inside header fields and tag lists.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace danewerk::dkim {

/// WSP of RFC 5234 B.1: what stands within a line.
inline bool is_wsp(char c) { return c == ' ' || c == '\t'; }

/// WSP, and the line ends of folded lines.
inline bool is_blank(char c) { return is_wsp(c) || c == '\r' || c == '\n'; }

/// ASCII only: header field names and addresses' domains have no other capitals.
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string without_blanks(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out), [](char c) { return !is_blank(c); });
  return out;
}

}  // namespace danewerk::dkim
