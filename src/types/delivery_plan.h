// DeliveryPlan: to which hosts, in which order, on which terms; and for every host left out, why.
//
// The terms are fixed before the first connection and cannot be talked down during it: a hop that demands TLS is never
// tried in clear, whatever its server says (RFC 7672 2.2). Each hop carries its reason and the records it rests on, so
// that the trace of a delivery needs no second explanation.
//
// Four ways a host can come out (RFC 7672 2.2, TL-11):
//   (a) dane           a secure TLSA set with usable records: TLS, authenticated by them, or not this host
//   (b) encrypted      a secure TLSA set of which nothing is usable: TLS, whoever answers, or not this host
//   (c) opportunistic  no secure TLSA set: TLS if offered, clear text if not
//   (d) out            we could not find out, or the terms demanded cannot be met here: no connection
// An MTA-STS policy, the destination's rule or REQUIRETLS can raise (b) and (c) to
//   verified           TLS with a certificate that is valid under PKIX for one of the names given, or not this host
// and MTA-STS never rescues a host that fails (a) (RFC 8461 2, STS-12).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "types/connector.h"
#include "types/fault.h"
#include "types/next_hop.h"
#include "types/rules.h"
#include "types/sts_policy.h"

namespace danewerk::types {

/// What a connection must have before MAIL is said. Ordered: a larger value demands more.
enum class SecurityLevel : std::uint8_t { opportunistic, encrypted, verified, dane };

/// Why a hop has its level.
enum class LevelReason : std::uint8_t {
  tlsa_usable,         ///< (a)
  tlsa_all_unusable,   ///< (b)
  tlsa_absent,         ///< (c) proven: no TLSA records
  tlsa_insecure,       ///< (c) a TLSA answer was there, unsigned: never used (TL-13)
  address_insecure,    ///< (c) the host's zone is unsigned: TLSA not asked (TL-02)
  alias_insecure,      ///< (c) the host is an alias published in an unsigned zone (TL-06)
  dane_off,            ///< (c) the operator switched DANE off for this destination
  address_literal,     ///< (c) the next hop is an address (MX-08)
  address_in_mx,       ///< (c) the MX record names an address instead of a host (MX-08)
  lookup_waived,       ///< (c) TLSA could not be looked up, and the sender waived it (RTL-06)
  sts_enforce,         ///< an MTA-STS policy in mode enforce raised (b) or (c) to verified
};

/// How the host was found.
enum class HostOrigin : std::uint8_t { mx, implicit_mx, relay_host, address };

/// Whether the way from next hop to host is authenticated (RFC 7672 2.2.1).
enum class MxTrust : std::uint8_t {
  secure,    ///< the MX set, or its absence, is signed
  insecure,  ///< it is not: even an authenticated host is not authenticated *for this domain* (MX-07)
  not_used,  ///< the operator or the recipient named the host: there was no redirection
};

/// The TLSA records in force for a host.
struct DaneTerms {
  TlsaBaseDomain base;
  DnsQuestion question;              ///< where the set was found: "_25._tcp.<base> TLSA"
  TlsaSet published;                 ///< as received
  TlsaSet usable;                    ///< after TL-12 and digest agility (CRT-08); empty in case (b)
  std::vector<ReferenceName> names;  ///< which a certificate under DANE-TA must carry one of (CRT-05); base first
  friend bool operator==(const DaneTerms&, const DaneTerms&) = default;
};

/// Who asks for a certificate that is valid under PKIX.
enum class PkixReason : std::uint8_t {
  mta_sts,           ///< RFC 8461 4.2
  destination_rule,  ///< TlsMode::verify
  requiretls,        ///< RFC 8689 4.2.1, RTL-03
};

enum class PkixForce : std::uint8_t {
  binding,  ///< this certificate, or not this host
  audit,    ///< looked at and reported: MTA-STS in mode testing, or set to audit
};

/// A certificate valid under PKIX for one of these names (DNS-ID only, STS-09).
struct PkixTerms {
  std::vector<ReferenceName> names;  ///< at least one
  std::vector<ReferenceName> also;   ///< where not empty, one of these too: names of a rule beside a policy's host
  PkixReason reason = PkixReason::mta_sts;
  PkixForce force = PkixForce::binding;
  friend bool operator==(const PkixTerms&, const PkixTerms&) = default;
};

/// What the MTA-STS policy in force says of a host.
enum class StsMatch : std::uint8_t {
  no_policy,         ///< none is in force, or none was asked for
  named,             ///< one in mode enforce names the host of the MX record: the way to it is authenticated (RTL-03)
  named_in_testing,  ///< one in mode testing does, which vouches for nothing
  unnamed,           ///< one is in force and does not
};

struct Hop {
  MxHost host;  ///< as named, never expanded (MX-07); the root where the next hop is an address
  std::uint16_t preference = 0;
  HostOrigin origin = HostOrigin::mx;
  MxTrust mx = MxTrust::not_used;
  std::vector<IpAddress> addresses;  ///< in the order to try; at least one
  Port port = smtp_port;
  SecurityLevel level = SecurityLevel::opportunistic;
  LevelReason reason = LevelReason::tlsa_absent;
  bool raised = false;                 ///< the level is above what `reason` gives: the destination's rule or REQUIRETLS
  std::optional<DaneTerms> dane;       ///< in cases (a) and (b), and in audit mode where they would apply
  std::optional<PkixTerms> pkix;       ///< at `verified`; beside `dane` where both are demanded; and where only reported
  std::optional<SecurityLevel> audit;  ///< the level that DANE or MTA-STS would have demanded, judged and reported only
  bool waived = false;                 ///< the sender's TLS-Required: No is why: of `audit`, or of `lookup_waived` (RTL-06)
  std::optional<DomainName> sni;       ///< SNI-01: the TLSA base domain, else the host name; none for an address
  StsMatch sts = StsMatch::no_policy;

  /// The host's name, or its address in brackets.
  std::string to_string() const;
  friend bool operator==(const Hop&, const Hop&) = default;
};

enum class OutReason : std::uint8_t {
  address_lookup_failed,  ///< MX-06, TL-02a
  alias_lookup_failed,    ///< RES-08
  tlsa_lookup_failed,     ///< TL-09
  no_addresses,           ///< TL-03
  no_reachable_family,    ///< it has addresses, none of a family we use
  dane_required,          ///< TL-14
  requiretls,             ///< RTL-03
  sts_mismatch,           ///< STS-08, STS-10: the policy in mode enforce does not name it
  sts_required,           ///< StsMode::mandatory, and no policy in mode enforce is in force
  no_name_to_verify,      ///< TlsMode::verify without names, and the host is an address
  no_host_name,           ///< the MX record holds no host name; or "." beside others (MX-03)
  own_host,               ///< MX-04: it is us
  behind_own_host,        ///< MX-04: not better than ourselves
  over_limit,             ///< Rules::max_mx_hosts
  facts_missing,          ///< plan() was called before missing_questions() was empty: our fault
};

struct HostOut {
  std::string host;  ///< as the MX record names it; it may be no name at all
  std::uint16_t preference = 0;
  OutReason reason = OutReason::facts_missing;
  Fault fault;
  friend bool operator==(const HostOut&, const HostOut&) = default;
};

struct DeliveryPlan {
  NextHop next_hop;
  MessageDemands demands;
  std::optional<DecidingRule> rule;    ///< of the operator, that the demands and the next hop come from
  MxTrust mx = MxTrust::not_used;
  std::optional<DomainName> expanded;  ///< where the next-hop domain is an alias: what it leads to
  std::vector<Hop> hops;               ///< in the order to try
  std::vector<HostOut> out;            ///< in order of preference
  std::optional<StsInForce> sts;       ///< the MTA-STS policy looked at; nothing where none is in force or asked for
  std::optional<DomainName> sts_asked; ///< whose policy was looked for; nothing: nobody's
  std::optional<Fault> stop;           ///< exactly where `hops` is empty: wait if it is transient, else bounce
  Instant made;
  Instant valid_until;                 ///< when the first answer it rests on runs out (RES-20); `made` if at once

  friend bool operator==(const DeliveryPlan&, const DeliveryPlan&) = default;
};

const char* to_string(SecurityLevel level) noexcept;
const char* to_string(LevelReason reason) noexcept;
const char* to_string(PkixReason reason) noexcept;
const char* to_string(StsMatch match) noexcept;
const char* to_string(HostOrigin origin) noexcept;
const char* to_string(MxTrust trust) noexcept;
const char* to_string(OutReason reason) noexcept;

/// The plan as stable lines, one a hop, one a host out, one for the stop: for traces, tests and diffs.
std::string to_string(const DeliveryPlan& plan);

}  // namespace danewerk::types
