// `danewerk prove --verify`: a proof checked by anybody, without the running program, its store, its resolver or a network.
#pragma once

#include "engine/dnssec/document.h"

namespace danewerk::cli {

struct VerifiedProof {
  engine::dnssec::Document document;
  Instant at{};
  engine::dnssec::Report report;

  std::string to_text() const;
  std::string to_json() const;
};

/// `at` empty takes the instant claimed. Errors: malformed (document, anchors or `at` cannot be read), refused (it does not prove
/// what it claims, and why).
Result<VerifiedProof> verify_proof(const std::string& document, const std::string& anchors, const std::string& at);

}  // namespace danewerk::cli
