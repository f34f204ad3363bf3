#include "service/certificates/issued.h"

#include <algorithm>
#include <array>

#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"

namespace danewerk::service {
namespace {

bool covers(const std::string& pattern, const types::DomainName& name) {
  if (pattern == name.text()) return true;
  return pattern.starts_with("*.") && !name.text().starts_with("*.") && name.label_count() > 1 && pattern.substr(2) == name.parent().text();
}

}  // namespace

Result<types::CertificateInfo> leaf_of(const std::string& chain_pem) {
  TRY(const tls::ParsedChain chain, tls::read_certificate_file(chain_pem));
  return tls::describe_chain(chain.get()).front();
}

Result<types::CertificateInfo> accept_chain(const std::string& chain_pem, const std::string& key_pem, const std::vector<types::DomainName>& names,
                                            Instant now) {
  TRY(types::CertificateInfo leaf, leaf_of(chain_pem));
  TRY(const Bytes key, tls::read_public_key_file(key_pem));
  if (leaf.spki != key) return fail(ErrorKind::refused, "the certificate is for another key (SPKI SHA-256 " + leaf.spki_sha256 + "), it is not taken");
  if (now < leaf.not_before) return fail(ErrorKind::refused, "the certificate is not valid before " + to_rfc3339(leaf.not_before));
  if (now >= leaf.not_after) return fail(ErrorKind::refused, "the certificate ended " + to_rfc3339(leaf.not_after));
  for (const types::DomainName& name : names) {
    const bool covered = std::any_of(leaf.dns_names.begin(), leaf.dns_names.end(), [&](const std::string& pattern) { return covers(pattern, name); });
    if (!covered) return fail(ErrorKind::refused, "the certificate does not name " + name.to_string());
  }
  return leaf;
}

Result<std::optional<std::string>> pkix_fault(const tls::TrustStore& trust, const std::string& chain_pem, const std::vector<types::DomainName>& names,
                                              Instant now) {
  TRY(const tls::ParsedChain chain, tls::read_certificate_file(chain_pem));
  for (const types::DomainName& name : names) {
    const types::DomainName host = name.text().starts_with("*.") ? name.parent().prefixed("any") : name;
    const std::array reference{types::ReferenceName(host)};
    TRY(const types::PkixVerdict verdict, tls::verify_pkix(trust, chain.get(), reference, now));
    if (!verdict.is_authenticated()) return std::optional(name.to_string() + ": " + verdict.reason);
  }
  return std::optional<std::string>{};
}

}  // namespace danewerk::service
