// TenantId: whose mail, whose domain. Every queued message, accepted domain and ledger row belongs to exactly one.
//
// It appears in URLs, log lines and file names, so it is narrow: 1 to 64 of a-z 0-9 . _ -, beginning with a letter or
// digit. The tenant's display name is ordinary text and lives in the store beside it.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace danewerk::types {

class TenantId {
 public:
  /// Upper case is lowered. Error: malformed.
  static Result<TenantId> parse(std::string_view text);
  const std::string& text() const noexcept { return text_; }
  const std::string& to_string() const noexcept { return text_; }
  friend auto operator<=>(const TenantId&, const TenantId&) = default;

 private:
  explicit TenantId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace danewerk::types
