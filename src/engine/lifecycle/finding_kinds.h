// Every finding about a domain: its code, how bad it is, whose it is to put right, what it means and what to do.
//
// One table, so that a program that reads `domain status --json`, the manual (docs/operate/findings.md, which a test holds
// against this table) and the watch's alerts speak of the same things. The evidence, and the record to paste, are written where
// the finding is made (checks.cc).
#pragma once

#include <span>
#include <string_view>

#include "types/finding.h"

namespace danewerk::lifecycle {

struct FindingKind {
  std::string_view code;
  types::Severity severity;
  types::Party whose;
  std::string_view meaning;  ///< one sentence
  std::string_view remedy;   ///< one sentence
};

/// In the order of the manual.
std::span<const FindingKind> finding_kinds();
/// CHECKs that there is one.
const FindingKind& finding_kind(std::string_view code);

}  // namespace danewerk::lifecycle
