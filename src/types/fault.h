// Fault: one thing that stands between a message and its destination, said once, in full.
//
// The same value becomes the line in `queue show`, the text of a bounce, the row of a report and the reason of a log
// record. It carries the code Exchange Online uses for the case (field.md 1.2) and what that code lacks there: which
// question or reply, and what the resolver said. Its kind, not its code, decides how long we keep trying (design.md
// 9.8): a fault of our own never counts against the sender's message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "types/dns_answer.h"
#include "types/enhanced_code.h"
#include "types/tls_failure.h"

namespace danewerk::types {

enum class FaultKind : std::uint8_t {
  ordinary,  ///< the destination or the path to it: busy, unreachable, unresolvable, refusing
  policy,    ///< the destination was reached, or could be, but not on the terms required
  ours,      ///< our resolver, clock, trust anchor or machine: never counts toward a limit, alerts once
};

enum class Lasting : std::uint8_t {
  transient,  ///< may pass: wait
  permanent,  ///< a definite answer: waiting changes nothing
};

/// Which DNS answer a fault rests on.
struct LookupEvidence {
  DnsQuestion question;
  std::optional<LookupError> error;  ///< nothing where there was an answer; then `status` is its status
  DnssecStatus status = DnssecStatus::indeterminate;
  std::vector<ExtendedError> extended_errors;
  Instant asked;

  static LookupEvidence of(const DnsQuestion& question, const Lookup& lookup);
  /// "example.com MX: bogus; 6 (DNSSEC Bogus): no valid signature"
  std::string to_string() const;
  friend bool operator==(const LookupEvidence&, const LookupEvidence&) = default;
};

/// Whose promise or demand a fault of kind `policy` is about, where it is not DANE's.
enum class FaultPolicy : std::uint8_t { dane, mta_sts, destination_rule, requiretls };

struct Fault {
  FaultKind kind = FaultKind::ordinary;
  Lasting lasting = Lasting::transient;
  EnhancedCode code{4, 0, 0};
  int reply_code = 0;    ///< the SMTP reply a refusal of this kind has (556 for a null MX); 0: none in particular
  std::string sentence;  ///< what, where, and what can be done; one line of printable text
  std::optional<TlsFailure> failure;
  std::optional<LookupEvidence> evidence;
  FaultPolicy policy = FaultPolicy::dane;
  /// When the record that broke it runs out of the caches, so that asking again may show another; absent where no record did.
  std::optional<Instant> recheck_at;

  friend bool operator==(const Fault&, const Fault&) = default;
};

const char* to_string(FaultKind kind) noexcept;
const char* to_string(FaultPolicy policy) noexcept;

}  // namespace danewerk::types
