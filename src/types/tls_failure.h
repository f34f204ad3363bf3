// TlsFailure: why a TLS policy was not met, in exactly the words of RFC 8460 4.3 (IANA registry, RPT-05).
//
// These eleven words are the shared vocabulary of senders and receivers; nothing else may appear in a report. The
// enhanced status code a failure carries in replies, bounces and `queue show` is fixed here beside it, so that the two
// can never drift apart.
#pragma once

#include <cstdint>

#include "types/enhanced_code.h"

namespace danewerk::types {

enum class TlsFailure : std::uint8_t {
  starttls_not_supported,
  certificate_host_mismatch,
  certificate_expired,
  certificate_not_trusted,
  validation_failure,
  tlsa_invalid,
  dnssec_invalid,
  dane_required,
  sts_policy_fetch_error,
  sts_policy_invalid,
  sts_webpki_invalid,
};

/// The registry's spelling: "starttls-not-supported".
const char* to_string(TlsFailure failure) noexcept;

/// The waiting form (class 4) of the code Exchange Online uses for the same failure under DANE: 4.7.321 and so on
/// (field.md 1.2). `.permanent()` gives the final form.
EnhancedCode code_for(TlsFailure failure) noexcept;

}  // namespace danewerk::types
