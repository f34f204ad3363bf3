// The MX of a domain as seen: where our host stands among the others.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/lifecycle/expectation.h"

namespace danewerk::lifecycle {

struct MxView {
  enum class Place : std::uint8_t {
    unknown,    ///< the answer could not be had
    missing,    ///< no MX
    null,       ///< RFC 7505
    elsewhere,  ///< MX records, none of which leads to us
    behind,     ///< ours is there; another host is preferred to it, or equal
    first,      ///< ours is preferred, others stand behind it
    alone,      ///< ours is the only host
  };
  Place place = Place::unknown;
  bool by_alias = false;                ///< a record leads to us under another name
  std::vector<std::string> lines;       ///< zone-file form, in the order of preference
  std::vector<std::string> others;      ///< the lines of hosts that are not ours
  std::vector<std::string> unreadable;  ///< what cannot be a host
  std::string alias;                    ///< the first such name
  Ttl ttl{0};
  types::DnssecStatus dnssec = types::DnssecStatus::indeterminate;

  bool is_known() const noexcept { return place != Place::unknown; }
  /// Mail comes to us: by our own host's name or otherwise.
  bool names_us() const noexcept { return place >= Place::behind || by_alias; }
};

MxView view_mx(const Expectation& expected, const types::DomainSight& sight);

/// True where one of the records is the domain's token.
bool shows_token(const types::Lookup* lookup, const types::ControlToken& token);

}  // namespace danewerk::lifecycle
