// Reply: what an SMTP server answers: a code, maybe an enhanced code, and text (RFC 5321 4.2, RFC 2034).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "types/enhanced_code.h"

namespace danewerk::types {

struct Reply {
  int code = 0;                         ///< 200 to 599
  std::optional<EnhancedCode> enhanced; ///< taken off the text where the server sends one
  std::vector<std::string> lines;       ///< text without codes and CRLF; printable UTF-8; at least one, maybe empty

  bool is_positive() const noexcept { return code >= 200 && code < 300; }
  bool is_intermediate() const noexcept { return code >= 300 && code < 400; }
  bool is_transient() const noexcept { return code >= 400 && code < 500; }
  bool is_permanent() const noexcept { return code >= 500; }

  /// One line for people: "550 5.1.1 no such user; see ..." (lines joined by a space).
  std::string to_string() const;
  friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace danewerk::types
