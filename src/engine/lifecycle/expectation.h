// What a domain's DNS ought to say, and which questions show whether it does.
#pragma once

#include <string>
#include <vector>

#include "types/domain_sight.h"
#include "types/ip_address.h"
#include "types/mx_host_name.h"

namespace danewerk::lifecycle {

/// What we know without looking.
struct Expectation {
  types::DomainName domain;
  types::DomainName host;                        ///< its MX host; the root without a zone of ours
  std::vector<types::IpAddress> addresses;       ///< of all our MX hosts
  types::Holding holding = types::Holding::wildcard;  ///< of the host's shard
  std::string key_group{};                       ///< whose keys its shard has (zone.key_groups); empty: the default group's
};

/// Longer TTLs than this are worth lowering before a move.
constexpr Ttl short_ttl{300};
constexpr Ttl usual_mx_ttl{3600};

/// "_danewerk-challenge.contoso.com": below the domain, so that nothing else stands there and the domain's SPF is not touched.
types::DomainName control_owner(const types::DomainName& domain);
/// "danewerk-verification=" and the token in base32.
std::string control_text(const types::ControlToken& token);
/// Zone-file lines.
std::string control_record(const types::DomainName& domain, const types::ControlToken& token);
std::string mx_record(const Expectation& expected, Ttl ttl = usual_mx_ttl);
std::string tls_rpt_record(const types::DomainName& domain);

/// What is always asked.
std::vector<types::DnsQuestion> first_questions(const Expectation& expected);
/// What the MX answer leads to: the addresses of other hosts in it (at most 5), which may be ours under another name.
std::vector<types::DnsQuestion> further_questions(const Expectation& expected, const types::DomainSight& sight);

}  // namespace danewerk::lifecycle
