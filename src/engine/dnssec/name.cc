#include "engine/dnssec/name.h"

#include <algorithm>

namespace danewerk::engine::dnssec {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 255;  // on the wire

bool is_plain(char octet) {
  return (octet >= 'a' && octet <= 'z') || (octet >= '0' && octet <= '9') || octet == '-' || octet == '_' || octet == '*';
}

bool is_upper(char octet) { return octet >= 'A' && octet <= 'Z'; }

std::string escaped(char octet) {
  const unsigned code = static_cast<unsigned char>(octet);
  return {'\\', static_cast<char>('0' + code / 100), static_cast<char>('0' + code / 10 % 10), static_cast<char>('0' + code % 10)};
}

std::size_t wire_size(const std::vector<std::string>& labels) {
  std::size_t size = 1;
  for (const std::string& label : labels) size += 1 + label.size();
  return size;
}

Failure<Error> bad_name(std::string_view text, const char* why) {
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 80)) + "' is no name: " + why);
}

/// One octet at the front of `text`, which shrinks by what stood for it. Absent where an escape is wrong.
std::optional<char> take_octet(std::string_view& text) {
  const char first = text.front();
  text.remove_prefix(1);
  if (first != '\\') return first;
  if (text.size() < 3) return std::nullopt;
  unsigned code = 0;
  for (const char digit : text.substr(0, 3)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    code = code * 10 + static_cast<unsigned>(digit - '0');
  }
  text.remove_prefix(3);
  if (code > 0xff) return std::nullopt;
  return static_cast<char>(code);
}

}  // namespace

Result<Name> Name::parse(std::string_view text) {
  const std::string_view whole = text;
  Name out;
  if (text == ".") return out;
  std::string label;
  while (!text.empty()) {
    if (text.front() == '.') {
      if (label.empty() || label.size() > longest_label) return bad_name(whole, "a label has 1 to 63 octets");
      out.labels_.push_back(std::move(label));
      label.clear();
      text.remove_prefix(1);
      continue;
    }
    const auto octet = take_octet(text);
    if (!octet) return bad_name(whole, "a wrong escape");
    label.push_back(*octet);
  }
  if (!label.empty() || out.labels_.empty()) return bad_name(whole, "it does not end with a dot");
  if (wire_size(out.labels_) > longest_name) return bad_name(whole, "it is too long");
  if (out.to_string() != whole) return bad_name(whole, "it is not in its one spelling");
  return out;
}

Result<Name> Name::read(ByteView wire, std::size_t& size) {
  Name out;
  std::size_t at = 0;
  while (true) {
    if (at >= wire.size()) return fail(ErrorKind::malformed, "a name that does not end");
    const std::size_t length = wire[at];
    if (length > longest_label) return fail(ErrorKind::malformed, "a name that is compressed, or no name");
    if (length == 0) break;
    if (at + 1 + length > wire.size()) return fail(ErrorKind::malformed, "a name that does not end");
    std::string label(as_text(wire.subspan(at + 1, length)));
    if (std::any_of(label.begin(), label.end(), is_upper)) return fail(ErrorKind::malformed, "a name in upper case (RFC 4034 6.2)");
    out.labels_.push_back(std::move(label));
    at += 1 + length;
    if (at >= longest_name) return fail(ErrorKind::malformed, "a name that is too long");
  }
  size = at + 1;
  return out;
}

std::string Name::to_string() const {
  if (labels_.empty()) return ".";
  std::string out;
  for (const std::string& label : labels_) {
    for (const char octet : label) out += is_plain(octet) ? std::string(1, octet) : escaped(octet);
    out += '.';
  }
  return out;
}

Bytes Name::wire() const {
  Bytes out;
  out.reserve(wire_size(labels_));
  for (const std::string& label : labels_) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
  }
  out.push_back(0);
  return out;
}

Name Name::parent() const { return labels_.empty() ? *this : Name({labels_.begin() + 1, labels_.end()}); }

Name Name::ancestor(std::size_t labels) const {
  if (labels >= labels_.size()) return *this;
  return Name({labels_.end() - static_cast<std::ptrdiff_t>(labels), labels_.end()});
}

std::optional<Name> Name::child(std::string_view label) const {
  Name out;
  out.labels_.emplace_back(label);
  out.labels_.insert(out.labels_.end(), labels_.begin(), labels_.end());
  if (label.empty() || label.size() > longest_label || wire_size(out.labels_) > longest_name) return std::nullopt;
  return out;
}

bool Name::is_within(const Name& ancestor) const noexcept {
  return labels_.size() >= ancestor.labels_.size() && std::equal(ancestor.labels_.rbegin(), ancestor.labels_.rend(), labels_.rbegin());
}

Name Name::common_with(const Name& other) const {
  std::size_t same = 0;
  while (same < labels_.size() && same < other.labels_.size() && labels_[labels_.size() - 1 - same] == other.labels_[other.labels_.size() - 1 - same]) {
    ++same;
  }
  return ancestor(same);
}

std::strong_ordering operator<=>(const Name& a, const Name& b) noexcept {
  const auto by_octet = [](const std::string& x, const std::string& y) {
    const int order = x.compare(y);  // std::string compares as unsigned char (char_traits)
    return order < 0 ? std::strong_ordering::less : order > 0 ? std::strong_ordering::greater : std::strong_ordering::equal;
  };
  return std::lexicographical_compare_three_way(a.labels_.rbegin(), a.labels_.rend(), b.labels_.rbegin(), b.labels_.rend(), by_octet);
}

}  // namespace danewerk::engine::dnssec
