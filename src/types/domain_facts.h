// DomainFacts: what has happened in the life of an accepted domain, and what was asked for it.
//
// A domain's life takes days: control is proven, its MX host comes into our signed zone, the owner moves the MX, caches forget
// the old one, DANE is switched on, and at any time somebody may change the DNS behind our back. A stored "state 4" is wrong as
// soon as that happens. So nothing here says where a domain stands: each member is an instant at which something was asked
// or seen, and engine/lifecycle computes from them, from a look at the DNS and from "now" what is true, what is missing and
// what comes next. After a crash no step is half done.
//
// Two kinds of member: a Wish is what a person asked for, and the latest word counts; the others are what looks have shown,
// each the beginning of a time without a break ("our host has stood first in the MX since"), gone again when it breaks.
//
// A million of these lie in memory: an instant takes eight octets, "never" included.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/instant.h"

namespace danewerk::types {

/// An instant, or never, in eight octets. The epoch stands for never: nothing of ours happened then.
class MaybeInstant {
 public:
  constexpr MaybeInstant() = default;
  constexpr MaybeInstant(Instant at) : at_(at) {}                        // NOLINT: an instant is one
  constexpr MaybeInstant(std::optional<Instant> at) : at_(at.value_or(Instant{})) {}  // NOLINT
  constexpr bool has_value() const noexcept { return at_ != Instant{}; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr Instant operator*() const noexcept { return at_; }
  constexpr std::optional<Instant> optional() const { return has_value() ? std::optional(at_) : std::nullopt; }
  friend constexpr auto operator<=>(const MaybeInstant&, const MaybeInstant&) = default;

 private:
  Instant at_{};
};

/// Something a person can ask for and take back. Never asked: off.
struct Wish {
  MaybeInstant asked;
  MaybeInstant withdrawn;  ///< the last time

  bool is_on() const noexcept { return asked.has_value() && asked > withdrawn; }
  friend bool operator==(const Wish&, const Wish&) = default;
};

/// By what we know that the domain's owner wants it here.
enum class ControlProof : std::uint8_t {
  none,           ///< not proven
  txt_record,     ///< the record with the token stood in the domain's own zone
  mx_here,        ///< its MX named its own host here, which nobody but the owner of its zone can bring about
  operator_word,  ///< the operator added it, and `domains.require_control` was false
  imported,       ///< the operator imported it as verified
};

/// 80 random bits; see engine/lifecycle/control_record.h for the record that holds them. All zero: none was made yet.
using ControlToken = std::array<std::uint8_t, 10>;

struct DomainFacts {
  ControlToken token{};
  ControlProof proof = ControlProof::none;
  MaybeInstant verified;           ///< control was proven first, or anew after a quarantine
  MaybeInstant control_confirmed;  ///< the last look that saw the proof (the record, or the MX here)
  Wish dnssec;                     ///< its MX host stands in our signed zone
  Wish dane;                       ///< TLSA records answer for its MX host
  MaybeInstant mx_here;            ///< our host has been the most preferred MX since
  MaybeInstant mx_elsewhere;       ///< no MX record has named our host since; never set before mx_here was
  MaybeInstant others_gone;        ///< the MX has named no host but ours since
  MaybeInstant dane_live;          ///< published, seen by a validating resolver, and matched by a probe at every address since
  MaybeInstant quarantined;        ///< mail is deferred since: it had left. Only the record with the token it was given then ends it
  MaybeInstant looked;             ///< the last look, whatever it showed
  Ttl mx_ttl{0};                   ///< the longest TTL seen on an MX set of the domain that named other hosts

  friend bool operator==(const DomainFacts&, const DomainFacts&) = default;
};

/// What the zone has to hold for a domain's MX host.
enum class HostWish : std::uint8_t {
  absent,  ///< no record of its own
  plain,   ///< addresses, no TLSA
  dane,    ///< addresses and TLSA
};

/// Addresses as soon as DNSSEC was asked for, TLSA where DANE was, too.
inline HostWish host_wish(const DomainFacts& facts) noexcept {
  if (!facts.dnssec.is_on()) return HostWish::absent;
  return facts.dane.is_on() ? HostWish::dane : HostWish::plain;
}

/// In a wildcard shard: the host needs a node of its own (A and AAAA), because the wildcard's TLSA must not answer for it (RFC
/// 4592 2.2.1). So it is from when anything was asked for the domain until DANE is on, and again once DANE or DNSSEC was
/// switched off: an MX may still point there. A domain for which nothing was ever asked needs none: nobody was told its host.
inline bool stops_wildcard(const DomainFacts& facts) noexcept {
  return host_wish(facts) != HostWish::dane && (facts.dnssec.asked.has_value() || facts.dane.asked.has_value());
}

/// May mail be taken for it? False for a domain whose control was never proven, and while it is in quarantine: then mail is
/// deferred, never refused for good, because the owner may put it right within the time senders retry.
inline bool takes_mail(const DomainFacts& facts) noexcept { return facts.verified.has_value() && !facts.quarantined.has_value(); }

inline const char* to_string(ControlProof proof) noexcept {
  switch (proof) {
    case ControlProof::none: return "none";
    case ControlProof::txt_record: return "txt-record";
    case ControlProof::mx_here: return "mx-here";
    case ControlProof::operator_word: return "operator";
    case ControlProof::imported: return "imported";
  }
  return "none";
}

inline const char* to_string(HostWish wish) noexcept {
  switch (wish) {
    case HostWish::absent: return "absent";
    case HostWish::plain: return "plain";
    case HostWish::dane: return "dane";
  }
  return "absent";
}

}  // namespace danewerk::types
