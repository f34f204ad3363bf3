#include "types/tls_failure.h"

namespace danewerk::types {

const char* to_string(TlsFailure failure) noexcept {
  switch (failure) {
    case TlsFailure::starttls_not_supported: return "starttls-not-supported";
    case TlsFailure::certificate_host_mismatch: return "certificate-host-mismatch";
    case TlsFailure::certificate_expired: return "certificate-expired";
    case TlsFailure::certificate_not_trusted: return "certificate-not-trusted";
    case TlsFailure::validation_failure: return "validation-failure";
    case TlsFailure::tlsa_invalid: return "tlsa-invalid";
    case TlsFailure::dnssec_invalid: return "dnssec-invalid";
    case TlsFailure::dane_required: return "dane-required";
    case TlsFailure::sts_policy_fetch_error: return "sts-policy-fetch-error";
    case TlsFailure::sts_policy_invalid: return "sts-policy-invalid";
    case TlsFailure::sts_webpki_invalid: return "sts-webpki-invalid";
  }
  return "validation-failure";
}

EnhancedCode code_for(TlsFailure failure) noexcept {
  switch (failure) {
    case TlsFailure::starttls_not_supported: return {4, 7, 321};
    case TlsFailure::certificate_expired: return {4, 7, 322};
    case TlsFailure::tlsa_invalid:
    case TlsFailure::dane_required:
    case TlsFailure::certificate_not_trusted:
    case TlsFailure::validation_failure: return {4, 7, 323};
    case TlsFailure::dnssec_invalid: return {4, 7, 324};
    case TlsFailure::certificate_host_mismatch: return {4, 7, 325};
    case TlsFailure::sts_policy_fetch_error:
    case TlsFailure::sts_policy_invalid:
    case TlsFailure::sts_webpki_invalid: return {4, 7, 5};
  }
  return {4, 7, 323};
}

}  // namespace danewerk::types
