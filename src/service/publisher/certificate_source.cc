#include "service/publisher/certificate_source.h"

#include <algorithm>

#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "io/tls/self_issue.h"

namespace danewerk::service {
namespace {

constexpr Duration clock_slack = std::chrono::hours(1);  // a certificate is valid for senders whose clock is a little slow

Failure<Error> refused(const types::CertificateOrder& order, const std::string& what) {
  return fail(ErrorKind::refused, "the certificate brought for key " + order.key + " " + what);
}

bool names(const types::CertificateInfo& leaf, const types::DomainName& host) {
  return std::find(leaf.dns_names.begin(), leaf.dns_names.end(), host.to_string()) != leaf.dns_names.end();
}

}  // namespace

io::Task<Result<types::CertificateAnswer>> SelfIssued::obtain(types::CertificateOrder order) {
  const Instant now = clock_.now();
  CO_TRY(std::string chain, io::self_issue(order.private_key, order.names, now - clock_slack, now + life_));
  co_return types::CertificateAnswer(types::CertificateIssued{std::move(chain)});
}

Result<void> check_issued(const std::string& chain, const types::CertificateOrder& order, Instant now) {
  const auto parsed = tls::read_certificate_file(chain);
  if (!parsed) return refused(order, "cannot be read: " + parsed.error().what);
  const types::CertificateInfo leaf = tls::describe_chain(parsed->get()).front();
  TRY(const Bytes ordered, tls::read_public_key_file(order.private_key));
  if (leaf.spki != ordered) return refused(order, "is for another key, which no record matches (SPKI SHA-256 " + leaf.spki_sha256 + "); it is not served");
  if (now >= leaf.not_after) return refused(order, "ended " + to_rfc3339(leaf.not_after));
  if (now < leaf.not_before) return refused(order, "is not valid before " + to_rfc3339(leaf.not_before));
  for (const types::DomainName& host : order.names) {
    const bool mx_hosts = host.text().starts_with("*.");
    if (mx_hosts && !names(leaf, host)) return refused(order, "does not name the MX hosts " + host.to_string());
  }
  return {};
}

}  // namespace danewerk::service
