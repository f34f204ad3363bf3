#include "types/domain_name.h"

#include <algorithm>

namespace danewerk::types {
namespace {

constexpr std::size_t max_label = 63;
constexpr std::size_t max_name = 253;

Failure<Error> bad_name(std::string_view text, const std::string& why) {
  constexpr std::size_t shown = 300;
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, shown)) + "' is not a domain name: " + why);
}

bool is_label_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Why `label` cannot be one; empty where it can.
std::string label_fault(std::string_view label, bool first) {
  if (label.empty()) return "an empty label";
  if (label.size() > max_label) return "label '" + std::string(label) + "' is longer than 63 octets";
  if (first && label == "*") return {};
  for (char c : label) {
    if (static_cast<unsigned char>(c) >= 0x80) return "write it in its ASCII form (A-labels, xn--...)";
    if (!is_label_octet(c)) return "label '" + std::string(label) + "' holds a character that host names do not";
  }
  return {};
}

}  // namespace

Result<DomainName> DomainName::parse(std::string_view text) {
  if (text == ".") return DomainName{};
  std::string name(text);
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.empty()) return bad_name(text, "it is empty");
  if (name.size() > max_name) return bad_name(text, "it is longer than 253 octets");
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  bool first = true;
  for (std::string_view rest = name;; first = false) {
    const std::size_t dot = rest.find('.');
    if (std::string fault = label_fault(rest.substr(0, dot), first); !fault.empty()) return bad_name(text, fault);
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return DomainName{std::move(name)};
}

std::size_t DomainName::label_count() const noexcept {
  return name_.empty() ? 0 : static_cast<std::size_t>(std::count(name_.begin(), name_.end(), '.')) + 1;
}

std::vector<std::string_view> DomainName::labels() const {
  std::vector<std::string_view> out;
  std::string_view rest = name_;
  while (!rest.empty()) {
    const std::size_t dot = rest.find('.');
    out.push_back(rest.substr(0, dot));
    rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  }
  return out;
}

DomainName DomainName::parent() const {
  const std::size_t dot = name_.find('.');
  return dot == std::string::npos ? DomainName{} : DomainName{name_.substr(dot + 1)};
}

bool DomainName::is_within(const DomainName& ancestor) const noexcept {
  if (ancestor.is_root()) return true;
  if (!std::string_view(name_).ends_with(ancestor.name_)) return false;
  return name_.size() == ancestor.name_.size() || name_[name_.size() - ancestor.name_.size() - 1] == '.';
}

DomainName DomainName::prefixed(std::string_view labels) const {
  auto joined = parse(is_root() ? std::string(labels) : std::string(labels) + "." + name_);
  CHECK(joined.has_value());
  return *std::move(joined);
}

}  // namespace danewerk::types
