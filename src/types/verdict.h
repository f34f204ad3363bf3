// Verdict: whether the certificate chain a server presented satisfies the TLSA records in force, and by what evidence.
//
// Delivery decides by this value, the trace records it, reports count it, and `danewerk tlsa verify` prints it: one value,
// so that what an operator is told can never differ from what the machine did. It has exactly three ends, and mail
// depends on keeping them apart (RFC 7672 2.2):
//
//   matched       a record matched and everything that record asks for holds: the server is authenticated
//   not_matched   usable records exist and none authenticates this chain: nothing may be delivered to this server
//   all_unusable  no record can be used at all: TLS is required, but nobody is authenticated
//
// "We could not find out" is not a Verdict but an Error. A chain that failed is never turned into all_unusable, which
// would deliver to an impostor.
//
// RFC 7672 2.2, 3.1, 3.2; RFC 7671 5; RFC 8460 4.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "types/domain_name.h"
#include "types/tls_failure.h"
#include "types/tlsa_record.h"

namespace danewerk::types {

/// Position in the chain as built from the leaf (0) upwards: 1 is the leaf's issuer. It is the position on the wire too
/// where the server sends its chain in order and without strangers.
enum class ChainDepth : std::uint16_t {};

enum class VerdictKind : std::uint8_t { matched, not_matched, all_unusable };

/// "matched", "not-matched", "all-unusable".
const char* to_string(VerdictKind kind) noexcept;

struct Verdict {
  VerdictKind kind = VerdictKind::not_matched;
  std::optional<TlsaRecord> record;         ///< which record matched; set exactly where kind is matched
  std::optional<ChainDepth> depth;          ///< where it matched; set exactly where kind is matched
  std::optional<std::string> matched_name;  ///< under DANE-TA, the name in the certificate that fitted
  std::optional<TlsFailure> failure;        ///< RFC 8460 word; set exactly where kind is not matched
  std::string library_code;                 ///< e.g. "X509_V_ERR_CERT_HAS_EXPIRED" (RFC 8460 4.3.1); may be empty
  std::string reason;                       ///< one sentence for people, with the evidence

  bool is_authenticated() const noexcept { return kind == VerdictKind::matched; }
  /// "certificate-expired: the certificate of ..."; the bare sentence where there is no failure word.
  std::string to_string() const;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

}  // namespace danewerk::types
