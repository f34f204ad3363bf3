#include "io/tls/dane_verify_failure.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "io/tls/certificate.h"
#include "io/tls/certificate_openssl.h"

namespace danewerk::tls {
namespace {

using types::TlsaMatching;
using types::TlsaRecord;
using types::TlsaSet;
using types::TlsaUsage;
using types::TlsFailure;

struct Name {
  int code;
  std::string_view name;
  TlsFailure failure;
};

// RFC 8460 4.3.1: "untrusted/unknown CAs, certificate name constraints, certificate chain errors" are not-trusted.
#define DW_NAME(code, failure) Name{code, #code, TlsFailure::failure}
constexpr std::array names{
    DW_NAME(X509_V_ERR_DANE_NO_MATCH, tlsa_invalid),
    DW_NAME(X509_V_ERR_HOSTNAME_MISMATCH, certificate_host_mismatch),
    DW_NAME(X509_V_ERR_CERT_HAS_EXPIRED, certificate_expired),
    DW_NAME(X509_V_ERR_CERT_NOT_YET_VALID, validation_failure),
    DW_NAME(X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, validation_failure),
    DW_NAME(X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, validation_failure),
    DW_NAME(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, certificate_not_trusted),
    DW_NAME(X509_V_ERR_CERT_SIGNATURE_FAILURE, certificate_not_trusted),
    DW_NAME(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, certificate_not_trusted),
    DW_NAME(X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, certificate_not_trusted),
    DW_NAME(X509_V_ERR_CERT_CHAIN_TOO_LONG, certificate_not_trusted),
    DW_NAME(X509_V_ERR_INVALID_CA, certificate_not_trusted),
    DW_NAME(X509_V_ERR_INVALID_NON_CA, certificate_not_trusted),
    DW_NAME(X509_V_ERR_PATH_LENGTH_EXCEEDED, certificate_not_trusted),
    DW_NAME(X509_V_ERR_INVALID_PURPOSE, certificate_not_trusted),
    DW_NAME(X509_V_ERR_CERT_UNTRUSTED, certificate_not_trusted),
    DW_NAME(X509_V_ERR_CERT_REJECTED, certificate_not_trusted),
    DW_NAME(X509_V_ERR_SUBJECT_ISSUER_MISMATCH, certificate_not_trusted),
    DW_NAME(X509_V_ERR_KEYUSAGE_NO_CERTSIGN, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, certificate_not_trusted),
    DW_NAME(X509_V_ERR_PERMITTED_VIOLATION, certificate_not_trusted),
    DW_NAME(X509_V_ERR_EXCLUDED_VIOLATION, certificate_not_trusted),
    DW_NAME(X509_V_ERR_SUBTREE_MINMAX, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, certificate_not_trusted),
    DW_NAME(X509_V_ERR_UNNESTED_RESOURCE, certificate_not_trusted),
    DW_NAME(X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, certificate_not_trusted),
    DW_NAME(X509_V_ERR_INVALID_EXTENSION, validation_failure),
    DW_NAME(X509_V_ERR_EE_KEY_TOO_SMALL, validation_failure),
    DW_NAME(X509_V_ERR_CA_KEY_TOO_SMALL, validation_failure),
    DW_NAME(X509_V_ERR_CA_MD_TOO_WEAK, validation_failure),
    DW_NAME(X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, validation_failure),
    DW_NAME(X509_V_ERR_UNSPECIFIED, validation_failure),
};
#undef DW_NAME

constexpr std::size_t shown_certificates = 4;
constexpr int compared_certificates = 16;
constexpr std::size_t shown_subject = 120;
constexpr std::size_t shown_record = 140;  // a SHA2-512 record fits

std::string clipped(std::string text, std::size_t length) {
  return text.size() <= length ? text : text.substr(0, length) + "...";
}

std::string quoted(const TlsaRecord& record) { return "'" + clipped(record.to_string(), shown_record) + "'"; }

/// Certificates as sent, as far as anyone will read about them.
types::CertificateChain read_sent(const STACK_OF(X509) * chain) {
  types::CertificateChain out;
  for (int i = 0; i < std::min(sk_X509_num(chain), compared_certificates); ++i) {
    out.push_back(describe_certificate(sk_X509_value(chain, i)));
  }
  return out;
}

/// The records that would have matched `certificate`, in the forms the published set uses for `usage`.
std::string would_match(const types::CertificateInfo& certificate, const TlsaSet& usable, TlsaUsage usage) {
  std::set<TlsaRecord> forms;
  for (const TlsaRecord& record : usable) {
    if (record.usage != usage) continue;
    const TlsaMatching matching = record.matching == TlsaMatching::full ? TlsaMatching::sha2_256 : record.matching;
    forms.insert(record_for(certificate, usage, record.selector, matching));
  }
  std::string out;
  for (const TlsaRecord& form : forms) out += (out.empty() ? "" : ", ") + quoted(form);
  return out;
}

/// The three usual mistakes; empty where it is none of them.
std::string misplaced(const types::CertificateChain& sent, const TlsaSet& usable) {
  for (const TlsaRecord& record : usable) {
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (record_for(sent[i], record.usage, record.selector, record.matching) != record) continue;
      const std::string which = quoted(record) + " is certificate " + std::to_string(i + 1) + " of those sent, but ";
      if (record.usage == TlsaUsage::dane_ee) return which + "DANE-EE(3) matches the first one only";
      if (i == 0) return which + "DANE-TA(2) matches issuers, never the server's own certificate";
      return which + "the server's certificate does not lead to it";
    }
  }
  return {};
}

std::string no_match_sentence(const STACK_OF(X509) * chain, const TlsaSet& usable) {
  const types::CertificateChain sent = read_sent(chain);
  std::string out = "none of the " + std::to_string(usable.size()) + " usable TLSA records matches; presented: ";
  if (usable.size() == 1) out = quoted(usable.front()) + " does not match; presented: ";
  for (std::size_t i = 0; i < std::min(sent.size(), shown_certificates); ++i) {
    const std::string records = would_match(sent[i], usable, i == 0 ? TlsaUsage::dane_ee : TlsaUsage::dane_ta);
    out += (i == 0 ? "" : "; ") + ("depth " + std::to_string(i) + " (" + clipped(sent[i].subject, shown_subject) + ")");
    if (!records.empty()) out += " " + records;
  }
  const std::size_t count = static_cast<std::size_t>(sk_X509_num(chain));
  if (count > shown_certificates) out += "; and " + std::to_string(count - shown_certificates) + " more";
  const bool has_ta = std::any_of(usable.begin(), usable.end(),
                                  [](const TlsaRecord& record) { return record.usage == TlsaUsage::dane_ta; });
  const std::string mistake = misplaced(sent, usable);
  if (!mistake.empty()) return out + ". " + mistake;
  if (has_ta && count == 1) out += ". The server sent no issuer certificate, so DANE-TA(2) has nothing to match";
  return out;
}

std::string date_sentence(int code, const types::CertificateInfo& info) {
  if (code == X509_V_ERR_CERT_HAS_EXPIRED) return " expired at " + to_rfc3339(info.not_after);
  return " is valid only from " + to_rfc3339(info.not_before);
}

std::string sentence(int code, X509_STORE_CTX* context, const STACK_OF(X509) * chain, const TlsaSet& usable) {
  if (code == X509_V_ERR_DANE_NO_MATCH) return no_match_sentence(chain, usable);
  if (code == X509_V_ERR_HOSTNAME_MISMATCH) {
    return "a DANE-TA(2) record matches, but the certificate is for other names: " + names_in(sk_X509_value(chain, 0));
  }
  return failed_certificate_sentence(context);
}

}  // namespace

FailureName name_failure(int code) {
  const auto entry = std::find_if(names.begin(), names.end(), [code](const Name& name) { return name.code == code; });
  if (entry == names.end()) return {TlsFailure::validation_failure, "X509_V_ERR " + std::to_string(code)};
  return {entry->failure, std::string(entry->name)};
}

std::string names_in(X509* leaf) {
  constexpr std::size_t shown_names = 8;
  const types::CertificateInfo info = describe_certificate(leaf);
  if (info.dns_names.empty()) return info.common_name.empty() ? "no name at all" : "only the CN " + info.common_name;
  std::string out;
  for (std::size_t i = 0; i < std::min(info.dns_names.size(), shown_names); ++i) {
    out += (i == 0 ? "" : ", ") + clipped(info.dns_names[i], shown_subject);
  }
  if (info.dns_names.size() > shown_names) out += ", and " + std::to_string(info.dns_names.size() - shown_names) + " more";
  return out;
}

std::string failed_certificate_sentence(X509_STORE_CTX* context) {
  const int code = X509_STORE_CTX_get_error(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  X509* current = X509_STORE_CTX_get_current_cert(context);
  std::string what = "the certificate at depth " + std::to_string(depth);
  std::optional<types::CertificateInfo> info;
  if (current != nullptr) info = describe_certificate(current);
  if (info) what += " (" + clipped(info->subject, shown_subject) + ")";
  if (info && (code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID)) {
    return what + date_sentence(code, *info);
  }
  if (info && (code == X509_V_ERR_EE_KEY_TOO_SMALL || code == X509_V_ERR_CA_KEY_TOO_SMALL)) {
    return what + " has a key too weak for any authentication: " + info->key_algorithm;
  }
  return what + " fails: " + X509_verify_cert_error_string(code);
}

types::Verdict failed_verdict(::x509_store_ctx_st* context, const ::stack_st_X509* chain, const TlsaSet& usable) {
  const int code = X509_STORE_CTX_get_error(context);
  FailureName name = name_failure(code);
  types::Verdict verdict;
  verdict.kind = types::VerdictKind::not_matched;
  verdict.failure = name.failure;
  verdict.library_code = std::move(name.library_code);
  verdict.reason = sentence(code, context, chain, usable);
  return verdict;
}

types::Verdict no_certificate_verdict() {
  types::Verdict verdict;
  verdict.kind = types::VerdictKind::not_matched;
  verdict.failure = TlsFailure::tlsa_invalid;
  verdict.reason = "the server presented no certificate, so no TLSA record can match";
  return verdict;
}

types::Verdict nothing_usable_verdict() {
  types::Verdict verdict;
  verdict.kind = types::VerdictKind::all_unusable;
  verdict.failure = TlsFailure::tlsa_invalid;
  verdict.reason = "no TLSA record is usable, so TLS is required but the server cannot be authenticated";
  return verdict;
}

}  // namespace danewerk::tls
