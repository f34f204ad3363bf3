// DkimKey: a key that signs a domain's mail, as facts with instants.
//
// A signature whose key nobody finds in the DNS is worse than none: receivers with DMARC throw such mail away. So that a key
// signs is no stored state but follows from facts: somebody wanted it (activated_at), its TXT record was seen as it should be
// (seen_at), and no later look found it missing or different (amiss). A lookup that failed changes nothing.
//
// RFC 6376 3.6 (keys in the DNS), RFC 8463 (Ed25519), RFC 8301 (no SHA-1, RSA of 1024 bits at least).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/instant.h"
#include "types/domain_name.h"
#include "types/tenant.h"

namespace danewerk::types {

enum class DkimAlgorithm : std::uint8_t { rsa_sha256, ed25519_sha256 };

/// "rsa-sha256", "ed25519-sha256": the a= tag.
inline const char* to_string(DkimAlgorithm algorithm) noexcept {
  return algorithm == DkimAlgorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256";
}

struct DkimKey {
  DomainName domain;
  DomainName selector;             ///< one label or several (RFC 6376 3.1)
  std::optional<TenantId> tenant;  ///< nothing: the operator's own, for the notices we write
  DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;
  std::string private_key;  ///< PEM
  std::string public_key;   ///< base64, the p= tag
  Instant created_at{};
  std::string created_by;
  std::optional<Instant> activated_at;  ///< when somebody said it shall sign
  std::optional<Instant> seen_at;       ///< when its record was first seen to match
  std::optional<Instant> looked_at;     ///< the last look that found something new
  std::string amiss;                    ///< what that look found wrong; empty if the record matched

  bool may_sign() const noexcept { return activated_at && seen_at && amiss.empty(); }
  /// "sel._domainkey.example.com"; whoever makes a key sees to it that this is a name.
  DomainName record_name() const { return domain.prefixed(std::string(selector.text()) + "._domainkey"); }
  friend bool operator==(const DkimKey&, const DkimKey&) = default;
};

}  // namespace danewerk::types
