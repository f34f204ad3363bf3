#include "io/log/log.h"

#include <unistd.h>

#include <algorithm>

namespace danewerk::io {
namespace {

/// Between double quotes; JSON's escapes, which logfmt readers understand too. Octets that are no ASCII text become \u00xx.
std::string quoted(std::string_view value) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (octet < 0x20 || octet >= 0x7f) {
      out += "\\u00";
      out.push_back(digits[octet >> 4]);
      out.push_back(digits[octet & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

std::string logfmt_value(std::string_view value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
  return plain ? std::string(value) : quoted(value);
}

}  // namespace

std::string format_record(LogFormat format, Instant at, const types::LogEvent& kind, const types::LogFields& fields) {
  const bool json = format == LogFormat::json;
  std::string out = json ? "{" : "";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (out.size() > 1) out += json ? "," : " ";
    if (json) {
      out += quoted(name) + ":" + quoted(value);
    } else {
      out += std::string(name) + "=" + logfmt_value(value);
    }
  };
  add("time", to_rfc3339(at));
  add("level", types::to_string(kind.level));
  add("event", kind.id);
  for (const auto& [name, value] : fields) add(name, value);
  add("msg", kind.sentence);
  if (!kind.remedy.empty()) add("remedy", kind.remedy);
  return json ? out + "}" : out;
}

DescriptorLog::DescriptorLog(const Clock& clock, int descriptor, LogFormat format, types::LogLevel least)
    : clock_(clock), descriptor_(descriptor), format_(format), least_(least) {}

void DescriptorLog::event(const types::LogEvent& kind, types::LogFields fields) {
  if (kind.level < least_) return;
  const std::string line = format_record(format_, clock_.now(), kind, fields) + "\n";
  static_cast<void>(!::write(descriptor_, line.data(), line.size()));  // a full disk must not stop mail
}

void MemoryLog::event(const types::LogEvent& kind, types::LogFields fields) {
  std::string record(kind.id);
  for (const auto& [name, value] : fields) record += " " + std::string(name) + "=" + logfmt_value(value);
  const std::lock_guard lock(mutex_);
  records_.push_back(std::move(record));
}

std::vector<std::string> MemoryLog::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

}  // namespace danewerk::io
