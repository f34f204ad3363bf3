// What a person may ask for a domain, and in which order.
//
// DANE before DNSSEC is an error, and so is taking DNSSEC away under DANE or under an MX that still names our host: each would
// leave senders with records that lead nowhere. An error says what to do first. Each step can be taken back by its opposite.
#pragma once

#include "base/result.h"
#include "engine/lifecycle/mx_view.h"
#include "types/domain_facts.h"

namespace danewerk::lifecycle {

enum class Ask : std::uint8_t { enable_dnssec, enable_dane, disable_dane, disable_dnssec };

/// The facts after it was asked for, the same where it was on (or off) already. Errors: refused, with what to do first.
/// `mx` is of a look made for this; it counts for disable_dnssec only.
Result<types::DomainFacts> ask(Ask what, types::DomainFacts facts, const MxView& mx, const Expectation& expected, Instant now);

/// What to do about a quarantine, to follow what is refused because of it.
std::string out_of_quarantine(const types::DomainName& domain);

/// What a resolver will be answered that it is not answered now, as lines of a diff: "+ contoso-com.s1.mx.example. AAAA 2001:db8::1".
/// `records` are the TLSA records published now. Where a wildcard answers, other records may bring this about (zone::diff_lines).
std::vector<std::string> zone_diff(const types::DomainFacts& before, const types::DomainFacts& after, const Expectation& expected,
                                   const types::TlsaSet& records);

const char* to_string(Ask what) noexcept;

}  // namespace danewerk::lifecycle
