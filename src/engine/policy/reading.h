// Reading: one lookup, seen as mail must see it: not asked, not known, or known; and the fault a failed one makes.
//
// Two answers that look like success are failures here: a status that is neither secure nor insecure (RFC 7672 2.1.1
// counts bogus and indeterminate as lookup errors however they arrive), and an alias chain past our limit (RES-09).
//
// RFC 7672 2.1.1, 2.1.2; field.md 1.2 for the codes.
#pragma once

#include <optional>

#include "types/destination_facts.h"
#include "types/fault.h"
#include "types/rules.h"

namespace danewerk::policy {

enum class Known : std::uint8_t { not_asked, failed, answered };

struct Reading {
  Known known = Known::not_asked;
  const types::Secured<types::DnsAnswer>* answer = nullptr;  ///< where answered; lives as long as the facts
  std::optional<types::LookupEvidence> evidence;             ///< where failed

  bool has_records() const { return answer != nullptr && answer->value.existence == types::Existence::records; }
  bool is_secure() const { return answer != nullptr && answer->status == types::DnssecStatus::secure; }
};

Reading read(const types::DestinationFacts& facts, const types::DnsQuestion& question, const types::Rules& rules);

/// What a failed lookup was for; the code depends on it.
enum class Purpose : std::uint8_t {
  location,  ///< MX, A, AAAA: bogus is 4.7.324, else 4.4.312 "DNS query failed"
  tlsa,      ///< TLSA and the CNAME query before it: 4.7.324 whatever failed (RFC 7672 2.1.2)
};

/// A transient fault. A failure of our own resolver is FaultKind::ours with 4.4.312, whatever it was for.
types::Fault lookup_fault(Purpose purpose, const types::LookupEvidence& evidence);

}  // namespace danewerk::policy
