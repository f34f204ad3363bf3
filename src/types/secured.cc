#include "types/secured.h"

#include <array>

namespace danewerk::types {

const char* to_string(DnssecStatus status) noexcept {
  switch (status) {
    case DnssecStatus::secure: return "secure";
    case DnssecStatus::insecure: return "insecure";
    case DnssecStatus::bogus: return "bogus";
    case DnssecStatus::indeterminate: return "indeterminate";
  }
  return "indeterminate";
}

std::string ExtendedError::to_string() const {
  // RFC 8914 5.2 and the IANA registry, by code.
  static constexpr std::array<const char*, 31> names{
      "Other Error", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer", "Forged Answer",
      "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired", "Signature Not Yet Valid", "DNSKEY Missing",
      "RRSIGs Missing", "No Zone Key Bit Set", "NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored",
      "Filtered", "Prohibited", "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported",
      "No Reachable Authority", "Network Error", "Invalid Data", "Signature Expired before Valid", "Too Early",
      "Unsupported NSEC3 Iterations Value", "Unable to conform to policy", "Synthesized", "Invalid Query Type"};
  std::string out = std::to_string(code);
  if (code < names.size()) out += std::string(" (") + names[code] + ")";
  if (!text.empty()) out += ": " + text;
  return out;
}

}  // namespace danewerk::types
