// PkixVerdict: whether a server's certificate chain is valid under ordinary PKIX for one of the names demanded.
//
// It is the counterpart of Verdict for hosts that no TLSA record vouches for: MTA-STS, a destination set to verify names,
// REQUIRETLS without DANE. "We could not check" (no trust store) is an Error, never a verdict.
//
// RFC 8461 4.2, RFC 8689 4.2.1, RFC 8460 4.3; STS-09.
#pragma once

#include <optional>
#include <string>

#include "types/tls_failure.h"

namespace danewerk::types {

struct PkixVerdict {
  std::optional<TlsFailure> failure;  ///< nothing where the chain is valid
  std::string matched_name;           ///< the name in the certificate that fitted; empty where it failed
  std::string library_code;           ///< "X509_V_ERR_CERT_HAS_EXPIRED"; empty where it is valid
  std::string reason;                 ///< one sentence for people, with the evidence

  bool is_authenticated() const noexcept { return !failure; }
  friend bool operator==(const PkixVerdict&, const PkixVerdict&) = default;
};

}  // namespace danewerk::types
