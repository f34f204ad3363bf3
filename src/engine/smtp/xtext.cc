#include "engine/smtp/xtext.h"

#include <cstdint>
#include <cstdio>

namespace danewerk::engine::smtp {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;

Failure<Error> bad_xtext(const std::string& why) { return fail(ErrorKind::malformed, why); }

bool is_xchar(char c) { return c >= '!' && c <= '~' && c != '+' && c != '='; }

int upper_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int any_hex(char c) { return c >= 'a' && c <= 'f' ? c - 'a' + 10 : upper_hex(c); }

void append_utf8(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      out += static_cast<char>(0xE0 | point >> 12);
    } else {
      out += static_cast<char>(0xF0 | point >> 18);
      out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    }
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (point & 0x3F));
}

/// Takes one UTF-8 character off the front; the replacement character and one octet where it is not well formed.
std::uint32_t take_utf8(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  std::uint32_t point = length <= 1 ? lead : lead & (0x7FU >> length);
  bool good = length != 0 && length <= text.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    const auto tail = static_cast<unsigned char>(text[i]);
    good = (tail & 0xC0) == 0x80;
    point = point << 6 | (tail & 0x3F);
  }
  good = good && !(length == 3 && (point < 0x800 || (point >= 0xD800 && point <= 0xDFFF))) &&
         !(length == 4 && (point < 0x10000 || point > 0x10FFFF));
  text.remove_prefix(good ? length : 1);
  return good ? point : replacement;
}

/// "\x{HEXPOINT}" at the front: two to six digits, a Unicode scalar value that is not a control. RFC 6533 3.
Result<std::uint32_t> take_embedded(std::string_view& text) {
  if (!text.starts_with("\\x{")) return bad_xtext("a backslash begins \\x{...} only");
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end < 5 || end > 9) return bad_xtext("\\x{...} takes 2 to 6 hexadecimal digits");
  std::uint32_t point = 0;
  for (char c : text.substr(3, end - 3)) {
    if (any_hex(c) < 0) return bad_xtext("\\x{...} holds something that is not a hexadecimal digit");
    point = point << 4 | static_cast<std::uint32_t>(any_hex(c));
  }
  if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return bad_xtext("\\x{...} names a control character");
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return bad_xtext("\\x{...} is no Unicode character");
  text.remove_prefix(end + 1);
  return point;
}

}  // namespace

Result<std::string> decode_xtext(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '+') {
      if (!is_xchar(text[i])) return bad_xtext("it holds a character that xtext writes as +XX");
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? upper_hex(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? upper_hex(text[i + 2]) : -1;
    if (high < 0 || low < 0) return bad_xtext("a '+' is followed by two of 0-9 A-F");
    const int value = high << 4 | low;
    if (value < 0x20 || value > 0x7E) return bad_xtext("it encodes a character that is not printable");
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::string encode_xtext(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if (is_xchar(c)) {
      out += c;
    } else {
      out += {'+', digits[static_cast<unsigned char>(c) >> 4], digits[c & 15]};
    }
  }
  return out;
}

Result<std::string> decode_utf8_address(std::string_view text, types::Smtputf8 utf8) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == '\\') {
      TRY(const std::uint32_t point, take_embedded(text));
      append_utf8(out, point);
      continue;
    }
    if (static_cast<unsigned char>(text.front()) >= 0x80) {
      if (utf8 == types::Smtputf8::no) return bad_xtext("UTF-8 needs SMTPUTF8; write \\x{...}");
      const std::size_t before = text.size();
      const std::uint32_t point = take_utf8(text);
      if (before - text.size() == 1 || point < 0xA0) return bad_xtext("it is not UTF-8");
      append_utf8(out, point);
      continue;
    }
    if (!is_xchar(text.front())) return bad_xtext("it holds a character written as \\x{...}");
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string encode_utf8_address(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::uint32_t point = take_utf8(text);
    if (point < 0x80 && is_xchar(static_cast<char>(point)) && point != '\\') {
      out += static_cast<char>(point);
      continue;
    }
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "\\x{%02X}", static_cast<unsigned>(point));
    out += buffer;
  }
  return out;
}

}  // namespace danewerk::engine::smtp
