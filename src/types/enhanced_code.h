// EnhancedCode: "4.7.321", the machine-readable reason of a reply (RFC 3463, RFC 2034).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace danewerk::types {

struct EnhancedCode {
  std::uint8_t klass = 2;    ///< 2 success, 4 persistent transient failure, 5 permanent failure
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  /// RFC 3463 2: class 2, 4 or 5; subject and detail of 1 to 3 digits. Error: malformed.
  static Result<EnhancedCode> parse(std::string_view text);
  std::string to_string() const;

  EnhancedCode permanent() const noexcept { return {5, subject, detail}; }
  EnhancedCode transient() const noexcept { return {4, subject, detail}; }

  friend auto operator<=>(const EnhancedCode&, const EnhancedCode&) = default;
};

}  // namespace danewerk::types
