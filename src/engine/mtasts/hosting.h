// Hosting: what we serve as a domain's MTA-STS policy, and in which order it changes.
//
// Whoever publishes a policy binds senders for max_age: they keep it, and in mode enforce they hold mail back from every host it does not
// name. Two orders break mail. A new id before the new text makes senders keep the old text under the new id. A host that leaves the
// policy while an MX record in some cache still names it, or a policy that vanishes while senders hold it, stops their mail. So:
//
//   body before id   the TXT record changes only after a fetch by the public name has shown the new text
//   in step with MX  a pattern leaves the text only when no cache can hold an MX record that it matches; a look that failed removes none
//   leaving          mode none with a day's max_age, then nothing until every text ever served has run out; then the record, then the text
//
// Doubt keeps what is. The caller stores what note() returns before it acts on it.
//
// RFC 8461 3.1, 3.2, 8.1, 8.3; STS-P1, STS-P2, STS-P3, STS-P5.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "types/finding.h"
#include "types/hosted_policy.h"

namespace danewerk::mtasts {

/// The body, RFC 8461 3.2.
std::string text_of(const types::StsPolicy& policy);
/// The TXT record's text, RFC 8461 3.1.
std::string record_of(const std::string& id);

/// What one look showed. Empty members: not looked at, or no answer.
struct HostingSight {
  enum class Leads : std::uint8_t { here, elsewhere, unknown };
  Leads leads = Leads::unknown;              ///< mta-sts.<domain>
  std::string leads_detail;
  bool has_certificate = false;              ///< for that name
  std::optional<types::StsPolicy> shown;     ///< fetched as a stranger would
  std::string shown_fault;                   ///< why not
  std::optional<std::string> id_shown;       ///< by the record at _mta-sts.<domain>
  std::string record_note;                   ///< why none
  std::optional<std::vector<types::DomainName>> mx;
  Ttl mx_ttl{0};
  std::optional<std::string> enforce_fault;  ///< why senders that ask for PKIX would not accept our MX hosts
};

/// How long others remember what our zone says.
struct HostingTimes {
  Ttl record_ttl{300};
};

/// Senders keep a policy that is leaving for so long (RFC 8461 8.3).
inline constexpr std::chrono::seconds leaving_max_age{86400};
/// A pattern outlives the MX record it stood for by this at least, however short its TTL.
inline constexpr std::chrono::hours least_overlap{1};

/// What should be served now. `own`: our MX hosts for the domain.
types::StsPolicy wanted_policy(const types::HostedPolicy& hosted, const std::vector<types::StsMxPattern>& own, Instant now);

/// The facts after this look, or after a wish has changed: MX hosts seen, what was fetched, a new version where another text is wanted,
/// and without those versions that nobody can hold any more.
types::HostedPolicy note(types::HostedPolicy hosted, const HostingSight& sight, const std::vector<types::StsMxPattern>& own, Instant now);

enum class HostingAct : std::uint8_t {
  certify,     ///< have a certificate issued for the policy host
  announce,    ///< put the last version's id into our zone
  unannounce,  ///< take the record out of our zone
  forget,      ///< nobody needs any of it any more
  rest,        ///< nothing to be done; see why
};
const char* to_string(HostingAct act) noexcept;

struct HostingStep {
  HostingAct act = HostingAct::rest;
  Instant when{};    ///< of rest: when something changes by time alone; else now
  std::string why;   ///< one sentence: what is done, or waited for
  bool settled = false;  ///< nothing is waited for
};

/// The one next step; `hosted` as note() made it.
HostingStep next_step(const types::HostedPolicy& hosted, const HostingSight& sight, const HostingTimes& times, Instant now);

/// From when on no sender holds a version that binds him, once the last one (mode none) is served.
Instant free_at(const types::HostedPolicy& hosted, Instant now);

/// The policies that must be served, for people: how many, of whom, and until when senders may hold what was served until `now`.
/// Empty where there are none.
std::string describe_held(const std::vector<types::HostedPolicy>& hosted, Instant now);

/// What a person should know; subjects are domains.
std::vector<types::Finding> findings_of(const types::HostedPolicy& hosted, const HostingSight& sight);

/// Why mode enforce is refused now; nothing where it may be (STS-P5).
std::optional<std::string> enforce_obstacle(const types::StsPolicy& wanted, const HostingSight& sight);

}  // namespace danewerk::mtasts
