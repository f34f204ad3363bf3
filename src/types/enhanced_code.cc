#include "types/enhanced_code.h"

namespace danewerk::types {
namespace {

/// One to three digits, ended by '.' or the end; -1 otherwise.
int take_number(std::string_view& text) {
  int value = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 3) {
    value = value * 10 + (text[digits++] - '0');
  }
  if (digits == 0) return -1;
  text.remove_prefix(digits);
  return value;
}

bool take_dot(std::string_view& text) {
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Result<EnhancedCode> EnhancedCode::parse(std::string_view text) {
  std::string_view rest = text;
  const int klass = take_number(rest);
  const bool dot1 = take_dot(rest);
  const int subject = take_number(rest);
  const bool dot2 = take_dot(rest);
  const int detail = take_number(rest);
  const bool known = klass == 2 || klass == 4 || klass == 5;
  if (!known || !dot1 || !dot2 || subject < 0 || detail < 0 || !rest.empty()) {
    return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 40)) + "' is not an enhanced status code like 4.7.321");
  }
  return EnhancedCode{static_cast<std::uint8_t>(klass), static_cast<std::uint16_t>(subject),
                      static_cast<std::uint16_t>(detail)};
}

std::string EnhancedCode::to_string() const {
  return std::to_string(klass) + "." + std::to_string(subject) + "." + std::to_string(detail);
}

}  // namespace danewerk::types
