#include "base/bytes.h"

#include <array>

namespace danewerk {
namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t b : bytes) {
    out.push_back(digits[b >> 4]);
    out.push_back(digits[b & 15]);
  }
  return out;
}

Result<Bytes> parse_hex(std::string_view text) {
  Bytes out;
  out.reserve(text.size() / 2);
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i])) continue;
    const int value = hex_value(text[i]);
    if (value < 0) {
      return fail(ErrorKind::malformed, "character " + std::to_string(i + 1) + " is not a hexadecimal digit");
    }
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) return fail(ErrorKind::malformed, "an odd number of hexadecimal digits");
  return out;
}

std::string to_base64(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = bytes[i] << 16;
    if (have > 1) group |= bytes[i + 1] << 8;
    if (have > 2) group |= bytes[i + 2];
    out.push_back(base64_digits[group >> 18]);
    out.push_back(base64_digits[group >> 12 & 63]);
    out.push_back(have > 1 ? base64_digits[group >> 6 & 63] : '=');
    out.push_back(have > 2 ? base64_digits[group & 63] : '=');
  }
  return out;
}

Result<Bytes> parse_base64(std::string_view text) {
  Bytes out;
  std::uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_space(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::size_t value = base64_digits.find(c);
    if (value == std::string_view::npos || padding > 0) {
      return fail(ErrorKind::malformed, "character " + std::to_string(i + 1) + " is not base64");
    }
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (++digits == 4) {
      out.push_back(static_cast<std::uint8_t>(group >> 16));
      out.push_back(static_cast<std::uint8_t>(group >> 8));
      out.push_back(static_cast<std::uint8_t>(group));
      group = 0;
      digits = 0;
    }
  }
  if (digits == 1 || (digits != 0 && digits + padding != 4) || (digits == 0 && padding != 0)) {
    return fail(ErrorKind::malformed, "base64 text is cut short");
  }
  if (digits == 3) out.push_back(static_cast<std::uint8_t>(group >> 10));
  if (digits == 3) out.push_back(static_cast<std::uint8_t>(group >> 2));
  if (digits == 2) out.push_back(static_cast<std::uint8_t>(group >> 4));
  return out;
}

}  // namespace danewerk
