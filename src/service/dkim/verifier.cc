#include "service/dkim/verifier.h"

#include <algorithm>

namespace danewerk::service {
namespace {

constexpr std::size_t most_signatures = 8;
constexpr std::size_t most_records = 4;

/// Why the signature does not hold under this record; empty if it does.
std::string fault_under(const std::string& record, const dkim::Signature& signature, dkim::Service service, const std::string& octets,
                        dkim::Testing& testing) {
  const auto key = dkim::KeyRecord::parse(record);
  if (!key) return "its key record: " + key.error().what;
  testing = key->testing;
  if (const auto why = dkim::refusal(signature, *key, service)) return *why;
  const auto holds = io::verify_octets(signature.algorithm, key->key, octets, signature.signature);
  return holds ? "" : holds.error().what;
}

}  // namespace

void Verifier::feed(std::string_view octets) {
  const std::string_view of_body = header_.feed(octets);
  if (of_body.empty()) return;
  for (Body* body : {&simple_, &relaxed_}) {
    canonical_.clear();
    body->form.feed(of_body, canonical_);
    body->hash.feed(canonical_);
  }
}

io::Task<std::vector<JudgedSignature>> Verifier::finish(io::dns::Resolver& resolver, dkim::Service service, Instant now) {
  for (Body* body : {&simple_, &relaxed_}) {
    canonical_.clear();
    body->form.finish(canonical_);
    body->hash.feed(canonical_);
    body->digest = body->hash.finish();
  }
  fields_ = dkim::header_fields(header_.lines());
  std::vector<JudgedSignature> out;
  for (const dkim::HeaderField& field : fields_) {
    if (field.name != "dkim-signature" || out.size() == most_signatures) continue;
    JudgedSignature judged = co_await judge(resolver, field, service, now);
    out.push_back(std::move(judged));
  }
  co_return out;
}

io::Task<JudgedSignature> Verifier::judge(io::dns::Resolver& resolver, dkim::HeaderField field, dkim::Service service, Instant now) {
  JudgedSignature out;
  const auto signature = dkim::Signature::parse(field.value());
  if (!signature) {
    out.reason = signature.error().what;
    co_return out;
  }
  out.domain = signature->domain.to_string();
  out.selector = signature->selector.to_string();
  out.headers = signature->headers;
  if (const auto why = dkim::refusal(*signature, now)) {
    out.reason = *why;
    co_return out;
  }
  const io::Sha256& digest = signature->body_form == dkim::Canonical::simple ? simple_.digest : relaxed_.digest;
  if (!std::equal(digest.begin(), digest.end(), signature->body_hash.begin(), signature->body_hash.end())) {
    out.reason = "the body was changed";
    co_return out;
  }
  const auto name = types::DomainName::parse(signature->selector.to_string() + "._domainkey." + signature->domain.to_string());
  if (!name) {
    out.reason = "its key's " + name.error().what;
    co_return out;
  }
  const types::Lookup lookup = co_await resolver.ask(*name, types::RecordType::txt);
  if (!lookup) {
    out.verdict = DkimVerdict::undecided;
    out.reason = "its key could not be looked up: " + lookup.error().what;
    co_return out;
  }
  const std::string octets = dkim::signed_octets(*signature, fields_, dkim::without_b(field.text));
  out.reason = "there is no key at " + name->to_string();
  std::size_t looked = 0;
  for (const types::TxtRecord& record : lookup->value.all<types::TxtRecord>()) {  // RFC 6376 3.6.2.2: any of them
    if (looked++ == most_records) break;
    out.reason = fault_under(record.joined(), *signature, service, octets, out.testing);
    if (out.reason.empty()) break;
  }
  if (out.reason.empty()) out.verdict = DkimVerdict::passed;
  co_return out;
}

}  // namespace danewerk::service
