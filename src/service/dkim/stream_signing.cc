#include "service/dkim/stream_signing.h"

#include <algorithm>

#include "io/text/idna.h"

namespace danewerk::service {

void StreamSigning::feed(std::string_view octets) {
  const std::string_view of_body = header_.feed(octets);
  if (of_body.empty()) return;
  canonical_.clear();
  body_.feed(of_body, canonical_);
  hash_.feed(canonical_);
}

Result<types::DomainName> StreamSigning::author(const std::vector<dkim::HeaderField>& fields) const {
  std::vector<std::string> domains;
  std::size_t froms = 0;
  for (const dkim::HeaderField& field : fields) {
    if (field.name != "from") continue;
    ++froms;
    domains = dkim::author_domains(field.value());
  }
  // RFC 5322 3.6: exactly one From. Several authors of one domain are one to us.
  if (froms != 1) return fail(ErrorKind::malformed, "it has " + std::to_string(froms) + " From fields");
  if (domains.empty()) return fail(ErrorKind::malformed, "its From names no mailbox");
  TRY(types::DomainName out, io::to_a_labels(domains.front()));
  for (const std::string& other : domains) {
    TRY(const types::DomainName one, io::to_a_labels(other));
    if (one != out) return fail(ErrorKind::malformed, "its From names authors of several domains");
  }
  return out;
}

dkim::Signed StreamSigning::finish(std::string_view prepended, Instant now) {
  const auto not_signed = [](const std::string& why) { return dkim::Signed{"", "not signed: " + why}; };
  if (header_.state() == dkim::HeaderReader::State::too_long) return not_signed("its header is too long");
  canonical_.clear();
  body_.finish(canonical_);
  hash_.feed(canonical_);
  const io::Sha256 body_hash = hash_.finish();
  const auto fields = dkim::header_fields(std::string(prepended) + header_.lines());
  const auto from = author(fields);
  if (!from) return not_signed(from.error().what);

  // The nearest domain that has a key: for a tenant only the author's own.
  types::DomainName domain = *from;
  const auto has_key = [&] { return std::any_of(keys_.begin(), keys_.end(), [&](const UsableKey& one) { return one.key.domain == domain; }); };
  while (sign_for_ == SignFor::host && !has_key() && !domain.is_root()) domain = domain.parent();
  if (!has_key()) return not_signed("no key for " + from->to_string() + " may sign");

  dkim::Signed out;
  for (const UsableKey& one : keys_) {
    if (one.key.domain != domain) continue;
    dkim::Signature signature;
    signature.algorithm = one.key.algorithm;
    signature.domain = one.key.domain;
    signature.selector = one.key.selector;
    signature.headers = dkim::headers_to_sign(fields);
    signature.body_hash.assign(body_hash.begin(), body_hash.end());
    signature.made = now;
    const auto octets = one.half->sign(dkim::signed_octets(signature, fields, dkim::unsigned_field(signature)));
    if (!octets) return not_signed(octets.error().what);
    out.fields += dkim::written(signature, *octets);
    out.what += (out.what.empty() ? "" : ",") + one.key.domain.to_string() + "/" + one.key.selector.to_string();
  }
  return out;
}

}  // namespace danewerk::service
