#include "app/cli/prove_verify.h"

#include "io/tls/dnssec_crypto.h"

namespace danewerk::cli {
namespace {

const char* word_of(engine::dnssec::Finding::Weight weight) {
  switch (weight) {
    case engine::dnssec::Finding::Weight::proven: return "proven";
    case engine::dnssec::Finding::Weight::unsigned_link: return "unsigned";
    case engine::dnssec::Finding::Weight::log: return "log";
  }
  return "unknown";
}

const char* heading_of(engine::dnssec::Finding::Weight weight) {
  switch (weight) {
    case engine::dnssec::Finding::Weight::proven: return "PROVEN    ";
    case engine::dnssec::Finding::Weight::unsigned_link: return "UNSIGNED  ";
    case engine::dnssec::Finding::Weight::log: return "LOG ONLY  ";
  }
  return "";
}

bool whole_way(const engine::dnssec::Report& report) {
  for (const auto& finding : report.findings) {
    if (finding.weight == engine::dnssec::Finding::Weight::unsigned_link) return false;
  }
  return true;
}

}  // namespace

Result<VerifiedProof> verify_proof(const std::string& document, const std::string& anchors, const std::string& at) {
  const engine::dnssec::Crypto crypto{&tls::verify_dnssec_signature, &tls::knows_dnssec_algorithm, &tls::dnssec_digest};
  VerifiedProof out;
  auto roots = engine::dnssec::read_trust_anchors(anchors);
  if (!roots) return fail(ErrorKind::malformed, "the trust anchors: " + roots.error().what);
  TRY(out.document, engine::dnssec::read_document(document, crypto));
  engine::dnssec::Claim claim = out.document.claim;
  if (!at.empty()) {
    TRY(claim.at, parse_rfc3339(at));
  }
  out.at = claim.at;
  auto report = engine::dnssec::prove(out.document.sets, claim, *roots, crypto);
  if (!report) return fail(ErrorKind::refused, "NOT PROVEN: " + report.error().what);
  if (auto exact = engine::dnssec::check_exact(out.document.sets, *report); !exact) return fail(ErrorKind::refused, "NOT PROVEN: " + exact.error().what);
  out.report = *std::move(report);
  return out;
}

std::string VerifiedProof::to_text() const {
  std::string out = whole_way(report) ? "The DNS records behind this delivery are proven for " : "The record is proven, but not every link to it, for ";
  out += to_rfc3339(at) + " by signatures up to the root keys given.\n";
  for (const auto& finding : report.findings) out += heading_of(finding.weight) + finding.text + "\n";
  out += "LOG ONLY  queue id " + document.log.value("queue_id", engine::dnssec::Json()).dump() + ", recipients " +
         document.log.value("recipients", engine::dnssec::Json()).dump() + "\n";
  return out;
}

std::string VerifiedProof::to_json() const {
  engine::dnssec::Json json{{"proven", true}, {"every_link_signed", whole_way(report)}, {"at", to_rfc3339(at)}, {"findings", engine::dnssec::Json::array()}};
  for (const auto& finding : report.findings) json["findings"].push_back({{"weight", word_of(finding.weight)}, {"text", finding.text}});
  json["log"] = document.log;
  return json.dump(2) + "\n";
}

}  // namespace danewerk::cli
