// What a look has shown, as facts: the only way in which looks change what is kept of a domain.
//
// Each fact begins when something is seen first and ends when it is seen no more; a lookup that failed neither begins nor ends
// anything. So a domain moves on by itself when its owner has done his part, and a DNS host that is down for an hour changes
// nothing.
#pragma once

#include "engine/lifecycle/expectation.h"
#include "types/domain_facts.h"
#include "types/probe_sight.h"

namespace danewerk::lifecycle {

/// How long a domain that left is waited for.
struct Patience {
  Duration quarantine_after = std::chrono::hours(72);      ///< the MX elsewhere and no token, for so long: its mail is deferred
  Duration remove_after = std::chrono::hours(24 * 7);      ///< in quarantine, the MX still elsewhere, for so long: it is removed
};

/// `fresh` becomes the domain's token where a quarantine begins; only a record that holds it ends that one.
types::DomainFacts note(types::DomainFacts facts, const types::DomainSight& sight, const types::ProbeSight* probe, const Expectation& expected,
                        const Patience& patience, const types::ControlToken& fresh, Instant now);

/// True once it has been in quarantine with its MX elsewhere for long enough. Never while the MX leads here: somebody wants its mail
/// here, and a person decides for whom.
bool is_over(const types::DomainFacts& facts, const Patience& patience, Instant now) noexcept;

/// On the way, so that it is worth looking more often: something was asked for or seen within the last days, and more is to come.
bool is_in_motion(const types::DomainFacts& facts, Instant now) noexcept;

}  // namespace danewerk::lifecycle
