// What a failed DANE verification is called: OpenSSL's error number as an RFC 8460 result type, its registered name for
// `failure-reason-code` (RFC 8460 4.3.1), and a sentence with the evidence.
//
// "No record matches" is useless to the operator who has to mend it. The sentence therefore says which record would have
// matched at each depth, and recognises the three usual mistakes: the leaf's own digest published as DANE-TA(2) (CRT-04), an
// issuer's digest published as DANE-EE(3), and a trust anchor that is sent but that the leaf does not lead to.
#pragma once

#include "types/tlsa_record.h"
#include "types/verdict.h"

struct stack_st_X509;
struct x509_store_ctx_st;
struct x509_st;

namespace danewerk::tls {

/// The verdict for a context whose X509_verify_cert has failed. `chain` is as sent, `usable` the records that were tried.
types::Verdict failed_verdict(::x509_store_ctx_st* context, const ::stack_st_X509* chain, const types::TlsaSet& usable);

/// The verdict for a server that presented no certificate at all.
types::Verdict no_certificate_verdict();

/// The verdict where no record can be used: never PKIX, never "matched" (RFC 7672 2.2 (b)).
types::Verdict nothing_usable_verdict();

/// OpenSSL's verification error as a result type and by its registered name.
struct FailureName {
  types::TlsFailure failure = types::TlsFailure::validation_failure;
  std::string library_code;
};
FailureName name_failure(int code);

/// "the certificate at depth 1 (CN=...) expired at ...", for a context whose X509_verify_cert has failed.
std::string failed_certificate_sentence(::x509_store_ctx_st* context);

/// "name.example, *.example": what a certificate could have been accepted for, as far as anyone will read.
std::string names_in(::x509_st* leaf);

}  // namespace danewerk::tls
