// The two texts of MTA-STS: the TXT record that announces a policy, and the policy itself.
//
// Both come from strangers and arrive malformed more often than not (a third of all published policies is faulty somewhere).
// What is wrong is told with its line, because the report goes to people who must mend it; and a text that is wrong is never
// read as a weaker policy: it is no policy, and whatever was cached before goes on (RFC 8461 3.3).
//
// Lenient where the meaning is beyond doubt and the protection would be lost otherwise: LF or CRLF, empty lines, blanks at
// line ends, a final dot after an mx name, max_age above the maximum (taken as the maximum).
//
// RFC 8461 3.1, 3.2; STS-01, STS-02, STS-04, STS-07.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "types/dns_answer.h"
#include "types/sts_policy.h"

namespace danewerk::mtasts {

/// RFC 8461 3.1: the record of `domain` is asked for here; nothing where that would be longer than a name can be, so that no
/// record can exist there.
std::optional<types::DomainName> record_name(const types::DomainName& domain);
/// RFC 8461 3.2: the host that serves the policy of `domain`.
std::optional<types::DomainName> policy_host(const types::DomainName& domain);
inline constexpr std::string_view policy_path = "/.well-known/mta-sts.txt";

/// The largest max_age that counts (RFC 8461 3.2): a year.
inline constexpr std::chrono::seconds longest_max_age{31'557'600};

/// What the TXT records at record_name() say.
struct RecordReading {
  std::optional<std::string> id;          ///< of the one valid record
  std::string note;                       ///< why there is none: "no record", "2 records", "the id ..."
  std::optional<types::StsFault> fault;   ///< where something was announced that cannot be read, or the lookup failed
};
/// STS-01, STS-02. A lookup that failed is no record and no proof of absence; its DNSSEC status does not count, as MTA-STS
/// exists for domains without.
RecordReading read_record(const types::Lookup& lookup);

/// STS-04. Error: malformed, "line 3: ...". Never a policy with mode enforce or testing and no mx.
Result<types::StsPolicy> parse_policy(std::string_view body);

}  // namespace danewerk::mtasts
