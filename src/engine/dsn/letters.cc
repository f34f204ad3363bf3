#include "engine/dsn/letters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace danewerk::dsn {
namespace {

struct Character {
  char32_t point = 0;
  std::size_t octets = 1;
  bool valid = false;
};

/// The character at the front of `text` (not empty). RFC 3629 3: no overlong forms, no surrogates, nothing above 10FFFF.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t point = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if ((octet & 0xc0U) != 0x80) return {};
    point = point << 6U | (octet & 0x3fU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  if (overlong || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return {};
  return {point, length, true};
}

/// Characters that are not seen but change what is: controls, direction marks and overrides, joiners, line and paragraph
/// separators, byte order marks, tags.
bool is_unseen(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

void append_utf8(std::string& out, char32_t c) {
  const auto tail = [&out, c](unsigned shift) { out += static_cast<char>(0x80U | (c >> shift & 0x3fU)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0U | c >> 6U);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0U | c >> 12U);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | c >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string upper_hex(std::uint32_t value) {
  std::array<char, 8> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  std::string out(digits.data(), end);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return out.size() < 2 ? "0" + out : out;
}

/// Cuts before the character that would pass `max`.
void cut(std::string& text, std::size_t max) {
  if (text.size() <= max) return;
  std::size_t end = max > 3 ? max - 3 : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  text.resize(end);
  text += "...";
}

/// The code point of "\x{HEX}" at the front of `text`, which is then taken off.
std::optional<char32_t> take_embedded(std::string_view& text) {
  if (!text.starts_with("\\x{")) return std::nullopt;
  const std::size_t close = text.find('}');
  if (close == std::string_view::npos || close < 5 || close > 9) return std::nullopt;
  std::uint32_t point = 0;
  const char* const end = text.data() + close;
  const auto [stop, error] = std::from_chars(text.data() + 3, end, point, 16);
  if (error != std::errc{} || stop != end || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return std::nullopt;
  text.remove_prefix(close + 1);
  return point;
}

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string printable(std::string_view text, Letters letters, std::size_t max) {
  std::string out;
  while (!text.empty() && out.size() <= max) {
    const Character character = first_character(text);
    const char32_t c = character.point;
    if (character.valid && (c == ' ' || (c >= '\t' && c <= '\r'))) {
      out += ' ';
    } else if (!character.valid || is_unseen(c) || (letters == Letters::ascii && c >= 0x80)) {
      out += '?';
    } else {
      out += text.substr(0, character.octets);
    }
    text.remove_prefix(character.octets);
  }
  cut(out, max);
  return out;
}

std::string printable_or_hex(std::string_view text, std::size_t max) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() <= max; ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    out += octet >= 0x20 && octet < 0x7f ? std::string(1, text[i]) : "+" + upper_hex(octet);
  }
  cut(out, max);
  return out;
}

std::string plain_id(std::string_view id) {
  std::string out;
  for (const char c : id) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    const bool dot = c == '.' && !out.empty() && out.back() != '.';
    if ((word || dot) && out.size() < 64) out += c;
  }
  if (!out.empty() && out.back() == '.') out.pop_back();
  return out;
}

std::string to_unitext(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    const char32_t c = character.point;
    const bool plain = c > 0x20 && c < 0x7f && c != '\\' && c != '+' && c != '=';
    if (!character.valid) {
      out += '?';
    } else if (plain) {
      out += static_cast<char>(c);
    } else {
      out += "\\x{" + upper_hex(c) + "}";
    }
    text.remove_prefix(character.octets);
  }
  return out;
}

std::string from_unitext(std::string_view text) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    if (rest.front() != '\\') {
      out += rest.front();
      rest.remove_prefix(1);
    } else if (const auto point = take_embedded(rest)) {
      append_utf8(out, *point);
    } else {
      return std::string(text);
    }
  }
  return out;
}

std::string typed_address(const types::ForwardPath& path, Letters letters) {
  const std::string address = types::to_string(path);
  if (is_ascii(address)) return "rfc822; " + printable(address, Letters::ascii);
  const bool as_is = letters == Letters::utf8 && printable(address, Letters::utf8) == address;
  return "utf-8; " + (as_is ? address : to_unitext(address));
}

std::string wrapped(std::string_view text, std::string_view indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    if (column != 0 && column + 1 + word.size() > width) {
      out += '\n';
      column = 0;
    }
    const std::string_view before = column == 0 ? indent : std::string_view(" ");
    out.append(before).append(word);
    column += before.size() + word.size();
  }
  if (column != 0) out += '\n';
  return out;
}

}  // namespace danewerk::dsn
