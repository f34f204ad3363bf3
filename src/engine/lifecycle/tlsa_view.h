// Whether DANE works at our host, by the records a stranger's resolver answers with and by what was presented at each address.
#pragma once

#include "engine/lifecycle/expectation.h"
#include "types/probe_sight.h"

namespace danewerk::lifecycle {

enum class DaneView : std::uint8_t {
  unknown,  ///< a lookup failed, or nobody could be reached
  live,     ///< records secure, and every chain presented matches, at least one at each address
  broken,
};

DaneView view_dane(const Expectation& expected, const types::DomainSight& sight, const types::ProbeSight* probe);

/// The answer about TLSA of our host; nullptr where it was not asked.
const types::Lookup* host_tlsa(const Expectation& expected, const types::DomainSight& sight);

}  // namespace danewerk::lifecycle
