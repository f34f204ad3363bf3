// StsPolicy and StsFact: what a domain says about the TLS of its mail hosts over HTTPS, and how far we know it.
//
// A domain without DNSSEC can still promise that its MX hosts do TLS with a valid certificate: it publishes a policy at
// https://mta-sts.<domain>/ and its id in a TXT record (RFC 8461 3). Once fetched, a policy holds for max_age even where
// nothing can be fetched any more; that is what keeps an attacker from wiping it out, and why the fact below tells what
// is in force apart from what the last look said.
//
// Which policy is in force is computed by engine/mtasts and stored by service/sts; the policy engine takes it as given,
// and decides only what it demands of each host.
//
// RFC 8461 3.1, 3.2, 3.3, 4.1; STS-02, STS-04, STS-06, STS-08.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "types/domain_name.h"
#include "types/tls_failure.h"

namespace danewerk::types {

/// RFC 8461 3.2, 5: enforce: hosts that fail are not used; testing: used, and reported; none: there is no policy.
enum class StsPolicyMode : std::uint8_t { enforce, testing, none };

/// One "mx" of a policy: a host, or "*.": any host one label below (RFC 8461 4.1).
class StsMxPattern {
 public:
  /// Error: malformed where it is neither a host name nor "*." before one.
  static Result<StsMxPattern> parse(std::string_view text);
  /// STS-08: exact, or exactly one leftmost label; the name of the MX record, not what it is an alias of.
  bool matches(const DomainName& mx_host) const;
  std::string to_string() const { return name_.to_string(); }
  friend auto operator<=>(const StsMxPattern&, const StsMxPattern&) = default;

 private:
  explicit StsMxPattern(DomainName name) : name_(std::move(name)) {}
  DomainName name_;  // the wildcard's label kept
};

struct StsPolicy {
  StsPolicyMode mode = StsPolicyMode::none;
  std::vector<StsMxPattern> mx;
  std::chrono::seconds max_age{0};  ///< how long it holds after it was fetched
  friend bool operator==(const StsPolicy&, const StsPolicy&) = default;

  /// True where one of the patterns matches.
  bool names(const DomainName& mx_host) const;
};

enum class StsSource : std::uint8_t {
  live,   ///< the TXT record of now names it
  cache,  ///< fetched earlier and not run out; the record of now is absent, unreadable, or names what cannot be fetched
};

struct StsInForce {
  StsPolicy policy;
  StsSource source = StsSource::live;
  std::string id;    ///< of the TXT record it was fetched under
  Instant fetched;   ///< the last successful fetch
  Instant expires;   ///< fetched + max_age
  friend bool operator==(const StsInForce&, const StsInForce&) = default;
};

/// Why the last look gave no policy where one was announced, in RFC 8460's words.
struct StsFault {
  TlsFailure failure = TlsFailure::sts_policy_fetch_error;
  std::string what;  ///< one printable line
  Instant at;
  friend bool operator==(const StsFault&, const StsFault&) = default;
};

/// What is known of a next-hop domain's MTA-STS policy.
struct StsFact {
  DomainName domain;                       ///< whose policy: the next-hop domain or smart host, never a parent (STS-07)
  std::optional<StsInForce> in_force;      ///< nothing: no policy is
  std::optional<std::string> record_id;    ///< the id in the TXT record of now
  std::string record;                      ///< for people, where there is no id: "no record", "2 records", "timeout"
  std::optional<StsFault> fault;           ///< of the record or of the last fetch
  std::optional<std::string> unknown;      ///< our own store could not say whether a policy is in force: wait
  friend bool operator==(const StsFact&, const StsFact&) = default;
};

const char* to_string(StsPolicyMode mode) noexcept;
const char* to_string(StsSource source) noexcept;

}  // namespace danewerk::types
