#include "types/tenant.h"

namespace danewerk::types {

Result<TenantId> TenantId::parse(std::string_view text) {
  const std::string shown(text.substr(0, 80));
  if (text.empty() || text.size() > 64) {
    return fail(ErrorKind::malformed, "'" + shown + "' is not a tenant id: it must have 1 to 64 characters");
  }
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && (out.empty() || (c != '.' && c != '_' && c != '-'))) {
      return fail(ErrorKind::malformed, "'" + shown + "' is not a tenant id: use a-z, 0-9, and inside also . _ -");
    }
    out.push_back(c);
  }
  return TenantId(std::move(out));
}

}  // namespace danewerk::types
