// Discovery: the one reading of the facts that both halves of the policy engine share.
//
// RFC 7672 2.2 is told as a procedure: ask this, then, depending on the answer, ask that. A program that follows it with
// one function that asks and another that decides will sooner or later have the two disagree, and the disagreement is a
// downgrade. Here each stage is read once: it ends in a question that is still missing, in a fault, or in a conclusion.
// missing_questions() takes the questions, plan() the conclusions, explain() the path.
//
// The reading is strict about three states (RES-02, RES-04): not asked, not known (error, bogus, indeterminate, alias
// chain too long), and known, whether or not there are records. Only a known answer leads on.
//
// RFC 5321 5.1, RFC 7505, RFC 7672 2.1, 2.2; conformance rules MX-01 to MX-08, TL-01 to TL-10, RES-07 to RES-09.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "types/delivery_plan.h"
#include "types/destination_facts.h"
#include "types/rules.h"

namespace danewerk::policy {

/// A host to consider: a name, or an address where the next hop or (wrongly) the MX record is one.
struct NamedHost {
  std::optional<types::DomainName> name;
  std::optional<types::IpAddress> address;
  std::uint16_t preference = 0;
  types::HostOrigin origin = types::HostOrigin::mx;

  /// "mx.example.com" or "[192.0.2.1]"
  std::string to_string() const;
};

/// From the next hop to its hosts.
struct MxStage {
  std::vector<types::DnsQuestion> path;     ///< every question this stage rests on, in order, asked or not
  std::vector<types::DnsQuestion> missing;  ///< of those, what has to be asked now
  types::MxTrust trust = types::MxTrust::not_used;
  std::optional<types::DomainName> expanded;  ///< CNAME-expanded next-hop domain, where it differs
  std::vector<NamedHost> hosts;               ///< by preference, then by name: the same from the same facts
  std::vector<types::HostOut> out;            ///< named by the MX set, not to be considered
  std::optional<types::Fault> stop;           ///< the next hop itself cannot be delivered to (now)
};
MxStage read_mx(const types::DestinationFacts& facts, const types::Rules& rules);

/// The secure TLSA set of a host.
struct TlsaFound {
  types::TlsaBaseDomain base;
  types::DnsQuestion question;
  types::TlsaSet records;
  Instant valid_until{};
};

/// From a host to its addresses and TLSA records.
struct HostStage {
  std::vector<types::DnsQuestion> path;
  std::vector<types::DnsQuestion> missing;
  std::optional<types::OutReason> out_reason;  ///< with `fault`
  std::optional<types::Fault> fault;
  std::vector<types::IpAddress> addresses;     ///< all, A before AAAA, each in the resolver's order
  types::LevelReason reason = types::LevelReason::tlsa_absent;  ///< meaningful where `tlsa` is empty
  std::optional<TlsaFound> tlsa;
};
HostStage read_host(const types::DestinationFacts& facts, const types::Rules& rules, const NamedHost& host,
                    types::DaneMode mode);

/// "_25._tcp.<base>" (RFC 7672 2.2.3, TL-07); nothing where that would be longer than a DNS name can be, so that no
/// record can exist there.
std::optional<types::DomainName> tlsa_owner(const types::DomainName& base, types::Port port);

}  // namespace danewerk::policy
