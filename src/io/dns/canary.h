// The canary: is the resolver fit to be believed at all?
//
// A resolver that does not validate answers every question, and every answer looks unsigned: DANE would be off for the
// whole world, in silence. So before anything else, and every minute, a name that must be secure is asked for; without a
// success in hand every lookup is an error (design.md 8; RES-01, RES-02, RES-21).
//
// What each check can show:
//   secure name (`. SOA`)   the resolver validates, has a current trust anchor, and its clock is right enough
//   clock                   our own clock agrees (a hook; io/runtime measures)
//   bogus name, optional    a resolver that sets AD on everything, or forwards to one that does, answers a name that is
//                           signed wrongly on purpose; a validator says SERVFAIL
//   insecure name, optional the same liar says secure of a zone that is provably unsigned
// The optional names exist only where somebody keeps them (the operator's own zones, the lab), so they are settings.
// Without them a resolver on this machine that lies is not found out: it is then as trusted as the machine.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/instant.h"
#include "types/dns_answer.h"

namespace danewerk::io::dns {

struct CanarySettings {
  types::DnsQuestion secure{types::DomainName{}, types::RecordType::soa};
  std::optional<types::DnsQuestion> bogus;
  std::optional<types::DnsQuestion> insecure;
  Duration interval = std::chrono::minutes(1);
  Duration retry = std::chrono::seconds(2);  ///< after a failure
  /// Says what is wrong with our clock, or nothing.
  std::function<std::optional<std::string>(Instant)> clock_fault;
};

/// What the answers show against the resolver; nothing if it is fit. Each says which check failed, and what to do.
std::optional<std::string> secure_name_fault(const types::DnsQuestion& question, const types::Lookup& lookup);
std::optional<std::string> bogus_name_fault(const types::DnsQuestion& question, const types::Lookup& lookup);
std::optional<std::string> insecure_name_fault(const types::DnsQuestion& question, const types::Lookup& lookup);

}  // namespace danewerk::io::dns
