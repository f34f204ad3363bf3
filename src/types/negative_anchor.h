// NegativeAnchor: "until then, treat this broken zone as unsigned" (RFC 7646), with who said so and why.
//
// Where a zone's signatures are broken, every lookup there fails and mail to it waits. If its operator confirms the breakage
// and the mail must flow, a person may switch validation off below one name, for a time: DANE is then off there too, which is
// why it names its author, its reason and its end, and why every decision that rests on it says so. It never makes anything
// secure, so whatever demands DANE still fails.
//
// `ended_at` is set when somebody removes it. The row stays until the resolver has confirmed that it forgot the anchor: until
// then an unsigned answer below the name is believed by nobody (service/anchors).
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/instant.h"
#include "types/domain_name.h"

namespace danewerk::types {

struct NegativeAnchor {
  DomainName domain;
  std::string who;
  std::string why;
  Instant since{};
  Instant until{};
  std::optional<Instant> ended_at;

  Instant end() const noexcept { return ended_at ? std::min(*ended_at, until) : until; }
  bool in_force(Instant at) const noexcept { return at < end(); }
  bool covers(const DomainName& name) const noexcept { return name.is_within(domain); }
  friend bool operator==(const NegativeAnchor&, const NegativeAnchor&) = default;
};

}  // namespace danewerk::types
