// Where a domain stands: what was checked, what was found, what comes next.
//
// A pure function of the facts kept of the domain, of a look at the DNS, of a probe of our host's addresses, and of now. It is
// printed by `domain status`, told by alerts, and followed by `domain migrate`: one value, so that these cannot disagree.
//
// Three rules run through it. A lookup that failed is no answer: its check says `unknown`, and nothing that was true is taken for
// false. The order of MX records counts, never a number. And whose fault something is, is said wherever it can be known.
//
// Parity with Get-DnssecStatusForVerifiedDomain and Get-SmtpDaneInboundStatus (field.md 1.1): feature states, the expected MX in
// zone-file form, DNS, MX and MTA-STS validation, each of which can be skipped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/lifecycle/expectation.h"
#include "types/domain_facts.h"
#include "types/domain_sight.h"
#include "types/finding.h"
#include "types/probe_sight.h"

namespace danewerk::lifecycle {

enum class CheckName : std::uint8_t { control, dnssec, mx, host, tlsa, certificate, mta_sts, tls_rpt };
enum class CheckState : std::uint8_t { passed, noted, warned, failed, unknown, skipped };

struct Check {
  CheckName name = CheckName::control;
  CheckState state = CheckState::skipped;
  std::string what;  ///< one sentence: what was seen
  std::vector<types::Finding> findings;
};

/// As Exchange Online names them, and pending: asked for, and not yet seen to work.
enum class FeatureState : std::uint8_t { disabled, pending, enabled };

enum class Standing : std::uint8_t {
  unverified,   ///< control is not proven
  prepared,     ///< verified; DNSSEC is off
  awaiting_mx,  ///< our host is ready and the MX does not name it
  moving,       ///< the MX names it, behind others or equal to them
  moved,        ///< the MX is ours; DANE is off
  dane_pending, ///< DANE was asked for and was not yet seen to work everywhere
  healthy,
  faulty,       ///< all was asked for and the MX names us, or did, and an error was found
  quarantined,
};

enum class StepName : std::uint8_t { none, verify, enable_dnssec, lower_ttl, add_mx, prefer_mx, enable_dane, wait_for_dane, remove_others, repair };

/// What to do now.
struct NextStep {
  StepName name = StepName::none;
  std::string what;                  ///< one or two sentences
  std::string command;               ///< ours; empty where the step is taken in the DNS
  std::vector<std::string> publish;  ///< records to add, zone-file form
  std::vector<std::string> remove;   ///< records to take away
  types::MaybeInstant when;          ///< not before; never: now
};

struct Skips {
  bool dns = false, mx = false, mta_sts = false;
};

struct DomainStatus {
  Standing standing = Standing::unverified;
  FeatureState dnssec = FeatureState::disabled, dane = FeatureState::disabled;
  std::string expected_mx;               ///< zone-file form; empty without a zone of ours
  std::vector<std::string> actual_mx;    ///< as seen
  std::optional<Ttl> mx_ttl;             ///< as seen
  std::vector<Check> checks;
  NextStep next;

  bool has(types::Severity at_least) const;
  const types::Finding* find(std::string_view code) const;
};

DomainStatus status(const types::DomainFacts& facts, const types::DomainSight& sight, const types::ProbeSight* probe, const Expectation& expected,
                    const Skips& skips, Instant now);

const char* to_string(CheckName name) noexcept;
const char* to_string(CheckState state) noexcept;
const char* to_string(FeatureState state) noexcept;
const char* to_string(Standing standing) noexcept;
const char* to_string(StepName step) noexcept;

}  // namespace danewerk::lifecycle
