// AcceptedDomain: a domain whose mail we take, for whom, and where it goes next.
//
// The route is what the tenant's mailbox host speaks: LMTP (RFC 2033) or SMTP, at one or more endpoints that are tried
// in order. A domain stands alone: "example.com" says nothing about "sub.example.com".
#pragma once

#include <string>
#include <vector>

#include "base/instant.h"
#include "types/domain_facts.h"
#include "types/domain_name.h"
#include "types/ip_address.h"
#include "types/tenant.h"

namespace danewerk::types {

enum class RouteProtocol : std::uint8_t { lmtp, smtp };

struct Route {
  RouteProtocol protocol = RouteProtocol::lmtp;
  std::vector<Endpoint> endpoints;

  /// "lmtp:127.0.0.1:24", "smtp:192.0.2.1:25,[2001:db8::1]:25". Error: malformed, naming the endpoint at fault.
  static Result<Route> parse(std::string_view text);
  std::string to_string() const;
  friend auto operator<=>(const Route&, const Route&) = default;
};

struct Tenant {
  TenantId id;
  std::string name;  ///< for people
  Instant created_at{};
  std::string created_by;
  friend bool operator==(const Tenant&, const Tenant&) = default;
};

struct AcceptedDomain {
  DomainName domain;
  TenantId tenant;
  Route route;
  Instant created_at{};
  std::string created_by;
  DomainFacts facts{};  ///< its life
  friend bool operator==(const AcceptedDomain&, const AcceptedDomain&) = default;
};

}  // namespace danewerk::types
