// NextHop: where mail for a recipient goes first: its own domain, a relay the operator named, or an address.
//
// The three differ in what DNS is asked (RFC 7672 2.2.1, 2.2.2). A domain is subject to MX resolution. A relay host,
// written in brackets as Postfix does, is not: its own addresses are used. An address asks DNS nothing, and DANE does
// not apply to it (RFC 7672 2.2, MX-08). A smart host without brackets is a domain with a route's own port. The port is
// part of the value because the TLSA name holds it (RFC 7672 2.2.3, TL-07).
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "types/domain_name.h"
#include "types/ip_address.h"
#include "types/mailbox.h"

namespace danewerk::types {

/// A host named by the operator for some or all mail; no MX lookup (RFC 7672 2.2.2, first bullet).
using RelayHost = NameAs<struct RelayHostRole>;

struct NextHop {
  std::variant<NextHopDomain, RelayHost, IpAddress> target;
  Port port = smtp_port;

  /// "example.com", "example.com:587", "[mx.example.com]", "[mx.example.com]:587", "[192.0.2.1]:25",
  /// "[IPv6:2001:db8::1]" or "[2001:db8::1]". A name in brackets is a relay host. Error: malformed, with what is meant.
  static Result<NextHop> parse(std::string_view text);
  /// The next hop of a recipient for whom nothing else is configured (RFC 5321 5.1, 4.1.3).
  static NextHop for_domain(const MailDomain& domain);

  /// The form parse() reads; the port only where it is not 25.
  std::string to_string() const;
  /// The name, or the root for an address.
  DomainName name() const;

  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

}  // namespace danewerk::types
