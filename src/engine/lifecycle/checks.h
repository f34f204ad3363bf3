// The single checks of a domain; see status.h.
#pragma once

#include "engine/lifecycle/mx_view.h"
#include "engine/lifecycle/status.h"

namespace danewerk::lifecycle {

Check check_control(const types::DomainFacts& facts, const types::DomainSight& sight, const Expectation& expected);
Check check_dnssec(const types::DomainSight& sight, const Expectation& expected);
Check check_mx(const MxView& view, const types::DomainSight& sight, const Expectation& expected);
Check check_host(const types::DomainSight& sight, const Expectation& expected);
Check check_tlsa(const types::DomainFacts& facts, const types::DomainSight& sight, const types::ProbeSight* probe, const Expectation& expected);
Check check_certificates(const types::ProbeSight* probe, const Expectation& expected, Instant now);
Check check_mta_sts(const types::DomainSight& sight, const Expectation& expected);
Check check_tls_rpt(const types::DomainSight& sight, const Expectation& expected);

}  // namespace danewerk::lifecycle
