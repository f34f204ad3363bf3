#include "engine/smtp/capabilities.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace danewerk::engine::smtp {
namespace {

constexpr std::array<const char*, extension_count> keywords{"PIPELINING", "SIZE",     "8BITMIME",   "SMTPUTF8",           "DSN",
                                                            "CHUNKING",   "STARTTLS", "REQUIRETLS", "ENHANCEDSTATUSCODES"};

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  return out;
}

std::optional<ByteCount> read_limit(std::string_view digits) {
  std::uint64_t value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9' || digits.size() > 19) return std::nullopt;  // 20 digits and more bound nothing
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value == 0) return std::nullopt;  // RFC 1870 4
  return ByteCount{value};
}

}  // namespace

const char* to_string(Extension extension) noexcept { return keywords[static_cast<std::size_t>(extension)]; }

Capabilities Capabilities::from_ehlo(const types::Reply& reply) {
  Capabilities out;
  if (reply.lines.empty()) return out;
  out.server_name_ = reply.lines.front().substr(0, reply.lines.front().find(' '));
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    const std::string_view line = reply.lines[i];
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string keyword = upper(line.substr(0, space));
    const auto known = std::find(keywords.begin(), keywords.end(), keyword);
    if (known == keywords.end()) continue;
    const auto index = static_cast<std::size_t>(known - keywords.begin());
    out.offered_.set(index);
    if (static_cast<Extension>(index) == Extension::size && space < line.size()) {
      out.size_limit_ = read_limit(line.substr(space + 1, line.find(' ', space + 1) - space - 1));
    }
  }
  return out;
}

std::string Capabilities::to_string() const {
  std::string out;
  for (std::size_t i = 0; i < extension_count; ++i) {
    if (!offered_[i]) continue;
    out += std::string(out.empty() ? "" : " ") + keywords[i];
    if (static_cast<Extension>(i) == Extension::size && size_limit_) {
      out += "=" + std::to_string(static_cast<std::uint64_t>(*size_limit_));
    }
  }
  return out;
}

}  // namespace danewerk::engine::smtp
