#include "engine/dsn/mime.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace danewerk::dsn {
namespace {

constexpr std::size_t fold_at = 78;         // RFC 5322 2.1.1, SHOULD
constexpr std::size_t longest_line = 998;   // RFC 5322 2.1.1, MUST
constexpr std::size_t longest_encoded = 76; // RFC 2045 6.7 (5)
constexpr std::string_view boundary_end = "_=";

std::string hex_octet(char c) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  return {'=', digits[octet >> 4U], digits[octet & 15U]};
}

/// True where nothing or CRLF follows: white space there must be encoded (RFC 2045 6.7 (3)).
bool ends_line(std::string_view after) { return after.empty() || after.starts_with("\r\n"); }

std::string encoded_octet(char c, std::string_view after) {
  const bool white = c == ' ' || c == '\t';
  if (white ? !ends_line(after) : (c >= '!' && c <= '~' && c != '=')) return std::string(1, c);
  return hex_octet(c);
}

/// The number in "prefix<number>_=" where `text` begins with that number and its end; -1 otherwise.
long long number_at(std::string_view text) {
  long long number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return text.starts_with(boundary_end) ? number : -1;
}

}  // namespace

std::string field(std::string_view name, std::string_view value, Letters letters) {
  const std::string text = printable(value, letters);
  std::string out(name);
  out += ':';
  std::size_t column = out.size();
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t start = rest.find_first_not_of(' ');
    if (start == std::string_view::npos) break;  // never a line of white space only
    const std::size_t space = std::min(rest.find(' ', start), rest.size());
    const std::string_view word = rest.substr(0, space);  // spaces beyond the first belong to the value
    rest.remove_prefix(std::min(space + 1, rest.size()));
    if (column + 1 + word.size() > fold_at && column != name.size() + 1) {
      out += "\r\n";
      column = 0;
    }
    out.append(" ").append(word);
    column += 1 + word.size();
  }
  return out + "\r\n";
}

const char* to_string(TransferEncoding encoding) noexcept {
  switch (encoding) {
    case TransferEncoding::seven_bit: return "7bit";
    case TransferEncoding::eight_bit: return "8bit";
    case TransferEncoding::quoted_printable: return "quoted-printable";
  }
  return "7bit";
}

Makeup makeup_of(std::string_view octets) noexcept {
  Makeup makeup = Makeup::seven_bit;
  std::size_t column = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const char c = octets[i];
    if (c == '\r' && i + 1 < octets.size() && octets[i + 1] == '\n') {
      column = 0;
      ++i;
      continue;
    }
    if (c == '\r' || c == '\n' || c == '\0' || ++column > longest_line) return Makeup::binary;
    if (static_cast<unsigned char>(c) >= 0x80) makeup = Makeup::eight_bit;
  }
  return makeup;
}

std::string quoted_printable(std::string_view octets) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::string_view after = octets.substr(i + 1);
    if (octets[i] == '\r' && after.starts_with('\n')) {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    const std::string next = encoded_octet(octets[i], after);
    if (column + next.size() + (ends_line(after) ? 0 : 1) > longest_encoded) {
      out += "=\r\n";
      column = 0;
    }
    out += next;
    column += next.size();
  }
  return out;
}

Part seven_bit_part(std::string content_type, std::string_view octets) {
  if (makeup_of(octets) == Makeup::seven_bit) {
    return {std::move(content_type), TransferEncoding::seven_bit, std::string(octets)};
  }
  return {std::move(content_type), TransferEncoding::quoted_printable, quoted_printable(octets)};
}

std::string boundary_for(std::string_view id, std::span<const Part> parts) {
  // "=_" occurs in no quoted-printable text. The number is the first that no part holds behind the same beginning; they
  // are gathered in one pass, so that a part full of guesses costs no more than any other of its size.
  const std::string beginning = "=_" + std::string(id.substr(0, 40)) + "_";
  std::set<long long> taken;
  for (const Part& part : parts) {
    const std::string_view octets = part.octets;
    for (std::size_t at = octets.find(beginning); at != std::string_view::npos; at = octets.find(beginning, at + 1)) {
      taken.insert(number_at(octets.substr(at + beginning.size())));
    }
  }
  long long number = 0;
  while (taken.contains(number)) ++number;
  return beginning + std::to_string(number) + std::string(boundary_end);
}

std::string multipart(std::string_view boundary, std::span<const Part> parts) {
  const std::string delimiter = "--" + std::string(boundary);
  std::string out;
  for (const Part& part : parts) {
    out += delimiter + "\r\nContent-Type: " + part.content_type + "\r\nContent-Transfer-Encoding: ";
    out += std::string(to_string(part.encoding)) + "\r\n\r\n" + part.octets + "\r\n";
  }
  return out + delimiter + "--\r\n";
}

std::string with_crlf(std::string_view lines) {
  std::string out;
  for (const char c : lines) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

}  // namespace danewerk::dsn
