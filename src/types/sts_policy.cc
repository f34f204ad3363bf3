#include "types/sts_policy.h"

#include <algorithm>

namespace danewerk::types {

Result<StsMxPattern> StsMxPattern::parse(std::string_view text) {
  const auto refuse = [text](const char* why) {
    return fail(ErrorKind::malformed, "mx pattern '" + std::string(text) + "' " + why);
  };
  auto name = DomainName::parse(text);
  if (!name) return refuse("is no host name");
  if (name->is_root()) return refuse("is no host name");
  if (name->text().starts_with('*') && name->label_count() < 2) return refuse("would match every host");
  return StsMxPattern(*std::move(name));
}

// RFC 8461 4.1, STS-08
bool StsMxPattern::matches(const DomainName& mx_host) const {
  if (!name_.text().starts_with('*')) return mx_host == name_;
  return mx_host.label_count() == name_.label_count() && mx_host.parent() == name_.parent();
}

bool StsPolicy::names(const DomainName& mx_host) const {
  return std::any_of(mx.begin(), mx.end(), [&mx_host](const StsMxPattern& pattern) { return pattern.matches(mx_host); });
}

const char* to_string(StsPolicyMode mode) noexcept {
  switch (mode) {
    case StsPolicyMode::enforce: return "enforce";
    case StsPolicyMode::testing: return "testing";
    case StsPolicyMode::none: return "none";
  }
  return "none";
}

const char* to_string(StsSource source) noexcept { return source == StsSource::live ? "live" : "cache"; }

}  // namespace danewerk::types
