#include "engine/policy/terms.h"

#include <algorithm>

namespace danewerk::policy {
using namespace types;

namespace {

std::optional<ReferenceName> own_name(const Hop& hop) {
  if (hop.host.name().is_root()) return std::nullopt;
  return ReferenceName(hop.host.name());
}

/// Audit steps aside for a sender's REQUIRETLS: that is not the operator's to weaken.
void set_dane(Hop& hop, const MessageDemands& demands) {
  if (!hop.dane) return;
  hop.level = hop.dane->usable.empty() ? SecurityLevel::encrypted : SecurityLevel::dane;  // TL-11 (a), (b)
  hop.reason = hop.dane->usable.empty() ? LevelReason::tlsa_all_unusable : LevelReason::tlsa_usable;
  hop.sni = hop.dane->base.name();  // SNI-01
  if (demands.dane == DaneMode::audit && demands.require_tls != RequireTls::yes) {  // TL-15
    hop.audit = hop.level;
    hop.level = SecurityLevel::opportunistic;
  }
}

/// SNI-01: a host judged by its certificate's name is asked for that name, not for a TLSA base domain.
void demand_pkix(Hop& hop, std::vector<ReferenceName> names, PkixReason reason) {
  hop.pkix = PkixTerms{std::move(names), {}, reason, PkixForce::binding};
  if (hop.level == SecurityLevel::dane) return;
  hop.level = SecurityLevel::verified;
  hop.sni = hop.host.name().is_root() ? hop.pkix->names.front().name() : hop.host.name();
}

bool is_enforced(const StsInForce& sts, const MessageDemands& demands) {
  return sts.policy.mode == StsPolicyMode::enforce && demands.mta_sts != StsMode::audit;
}

// STS-12; with StsMode::mandatory the certificate must be valid even where DANE has judged it.
void set_sts(Hop& hop, const StsInForce& sts, const MessageDemands& demands) {
  const auto name = own_name(hop);
  hop.sts = StsMatch::unnamed;
  if (name && sts.policy.names(name->name())) {
    hop.sts = sts.policy.mode == StsPolicyMode::enforce ? StsMatch::named : StsMatch::named_in_testing;
  }
  if (!name || !is_enforced(sts, demands)) return;
  if (hop.level == SecurityLevel::dane && demands.mta_sts != StsMode::mandatory) return;
  if (hop.level != SecurityLevel::dane) hop.reason = LevelReason::sts_enforce;
  demand_pkix(hop, {*name}, PkixReason::mta_sts);
}

void set_rule(Hop& hop, const MessageDemands& demands) {
  if (demands.tls == TlsMode::opportunistic) return;
  if (demands.tls == TlsMode::require) {  // TLS-08
    if (hop.level > SecurityLevel::opportunistic) return;
    hop.level = SecurityLevel::encrypted;
    hop.raised = true;
    return;
  }
  const auto name = own_name(hop);
  if (!demands.verify_names.empty() && hop.pkix) {
    hop.pkix->also = demands.verify_names;
  } else if (!demands.verify_names.empty()) {
    hop.raised = hop.level < SecurityLevel::verified;
    demand_pkix(hop, demands.verify_names, PkixReason::destination_rule);
  } else if (name && hop.level < SecurityLevel::verified) {
    demand_pkix(hop, {*name}, PkixReason::destination_rule);
    hop.raised = true;
  }
}

/// What MTA-STS would have demanded, where it only watches. Set to audit, the certificate is looked at also where there is no
/// policy, so that the record tells what a rule that verifies would have done.
void set_sts_audit(Hop& hop, const MessageDemands& demands) {
  const auto name = own_name(hop);
  const bool by_rule = demands.mta_sts == StsMode::audit && demands.require_tls != RequireTls::waived;
  const bool watched = hop.sts != StsMatch::no_policy || by_rule;
  if (!watched || hop.level >= SecurityLevel::verified || !name) return;
  hop.pkix = PkixTerms{{*name}, {}, PkixReason::mta_sts, PkixForce::audit};
  if (hop.sts == StsMatch::no_policy) return;
  hop.audit = std::max(hop.audit.value_or(SecurityLevel::verified), SecurityLevel::verified);
}

Fault policy_fault(FaultPolicy policy, EnhancedCode code, std::optional<TlsFailure> failure, std::string sentence) {
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.policy = policy;
  fault.code = code;
  fault.failure = failure;
  fault.sentence = std::move(sentence);
  return fault;
}

constexpr EnhancedCode sts_mismatch{4, 4, 8};  // "MX hosts of the domain failed MTA-STS validation"

std::string sts_text(const StsInForce& sts) {
  std::string out = std::string("mode ") + to_string(sts.policy.mode) + ", id " + sts.id + ", mx";
  for (const StsMxPattern& pattern : sts.policy.mx) out += " " + pattern.to_string();
  return out;
}

std::optional<Unmet> unmet_sts(const Hop& hop, const std::string& host, const DestinationFacts& facts, const MessageDemands& demands) {
  if (demands.mta_sts == StsMode::none) return std::nullopt;
  const std::string domain = facts.next_hop.to_string();
  const bool dane_decides = hop.level == SecurityLevel::dane && hop.mx != MxTrust::insecure;
  const bool mandatory = demands.mta_sts == StsMode::mandatory;
  const bool waived = demands.require_tls == RequireTls::waived && !mandatory;  // RTL-06
  if (facts.sts && facts.sts->unknown && !waived && (mandatory || !dane_decides)) {
    Fault fault;
    fault.kind = FaultKind::ours;
    fault.code = {4, 3, 0};
    fault.sentence = "It is not known whether an MTA-STS policy of " + domain + " is in force: " + *facts.sts->unknown;
    return Unmet{OutReason::facts_missing, std::move(fault)};
  }
  const StsInForce* sts = sts_in_force(facts, demands);
  const bool enforced = sts != nullptr && is_enforced(*sts, demands);
  if (enforced && hop.sts != StsMatch::named && (mandatory || !dane_decides)) {  // STS-10
    return Unmet{OutReason::sts_mismatch,
                 policy_fault(FaultPolicy::mta_sts, sts_mismatch, TlsFailure::validation_failure,
                              "MX host " + host + " is not named by the MTA-STS policy of " + domain + " (" + sts_text(*sts) + ")")};
  }
  if (!mandatory || enforced) return std::nullopt;
  std::string why = sts != nullptr ? "its policy is in mode testing" : "no policy is in force";
  auto failure = TlsFailure::validation_failure;
  if (facts.sts && facts.sts->fault) {
    why += " (" + facts.sts->fault->what + ")";
    failure = facts.sts->fault->failure;
  }
  return Unmet{OutReason::sts_required,
               policy_fault(FaultPolicy::destination_rule, sts_mismatch, failure,
                            "MTA-STS is mandatory for this destination, but host " + host + " cannot be used: " + why)};
}

std::optional<Unmet> unmet_dane(const Hop& hop, const std::string& host, const DestinationFacts& facts, const MessageDemands& demands) {
  const bool proven = hop.level == SecurityLevel::dane && hop.mx != MxTrust::insecure;
  if (demands.dane != DaneMode::mandatory || proven) return std::nullopt;  // TL-14, MX-07
  const std::string why = hop.mx == MxTrust::insecure
                              ? "the MX records of " + facts.next_hop.to_string() + " are not signed"
                              : std::string("it gives DANE nothing to authenticate it by (") + to_string(hop.reason) + ")";
  return Unmet{OutReason::dane_required,
               policy_fault(FaultPolicy::destination_rule, code_for(TlsFailure::dane_required), TlsFailure::dane_required,
                            "DANE is mandatory for this destination, but host " + host + " cannot be used: " + why)};
}

/// RTL-03, RTL-04. A policy that is announced and could not be had may be had later: then it is no final answer.
std::optional<Unmet> unmet_requiretls(const Hop& hop, const std::string& host, const DestinationFacts& facts,
                                      const MessageDemands& demands) {
  if (demands.require_tls != RequireTls::yes || meets_requiretls(hop)) return std::nullopt;
  const std::string why = is_named_by_next_hop(hop) ? "it has no name that a certificate could carry"
                                                    : "the MX records of " + facts.next_hop.to_string() +
                                                          " are not signed, and no MTA-STS policy in force names it";
  Fault fault = policy_fault(FaultPolicy::requiretls, {5, 7, 10}, std::nullopt,
                             "The sender demands REQUIRETLS, but host " + host + " cannot be used: " + why);
  fault.lasting = Lasting::permanent;
  if (facts.sts && facts.sts->fault && demands.mta_sts != StsMode::none) {
    fault.lasting = Lasting::transient;
    fault.code = fault.code.transient();
    fault.sentence += " (" + facts.sts->fault->what + ")";
  }
  return Unmet{OutReason::requiretls, std::move(fault)};
}

}  // namespace

const StsInForce* sts_in_force(const DestinationFacts& facts, const MessageDemands& demands) {
  if (demands.mta_sts == StsMode::none || !facts.sts || !facts.sts->in_force) return nullptr;
  return facts.sts->in_force->policy.mode == StsPolicyMode::none ? nullptr : &*facts.sts->in_force;
}

bool is_named_by_next_hop(const Hop& hop) { return hop.mx != MxTrust::insecure || hop.sts == StsMatch::named; }

// RTL-07: a DANE-EE match is proof enough, without a name (docs/decisions/0006).
bool meets_requiretls(const Hop& hop) { return hop.level >= SecurityLevel::verified && is_named_by_next_hop(hop); }

FaultPolicy demanding_policy(const Hop& hop) {
  if (hop.level == SecurityLevel::verified && hop.pkix) {
    switch (hop.pkix->reason) {
      case PkixReason::mta_sts: return FaultPolicy::mta_sts;
      case PkixReason::destination_rule: return FaultPolicy::destination_rule;
      case PkixReason::requiretls: return FaultPolicy::requiretls;
    }
  }
  return hop.raised ? FaultPolicy::destination_rule : FaultPolicy::dane;
}

void set_terms(Hop& hop, const DestinationFacts& facts, const MessageDemands& demands) {
  set_dane(hop, demands);
  if (const StsInForce* sts = sts_in_force(facts, demands)) set_sts(hop, *sts, demands);
  set_rule(hop, demands);
  const auto name = own_name(hop);
  if (demands.require_tls == RequireTls::yes && hop.level < SecurityLevel::verified && is_named_by_next_hop(hop) && name) {
    demand_pkix(hop, {*name}, PkixReason::requiretls);
    hop.raised = true;
  }
  set_sts_audit(hop, demands);
}

std::optional<Unmet> unmet_terms(const Hop& hop, const std::string& host, const DestinationFacts& facts,
                                 const MessageDemands& demands) {
  if (auto unmet = unmet_sts(hop, host, facts, demands)) return unmet;
  if (auto unmet = unmet_dane(hop, host, facts, demands)) return unmet;
  if (demands.tls == TlsMode::verify && hop.level < SecurityLevel::verified) {
    return Unmet{OutReason::no_name_to_verify,
                 policy_fault(FaultPolicy::destination_rule, code_for(TlsFailure::certificate_host_mismatch),
                              TlsFailure::certificate_host_mismatch,
                              "A verified certificate is demanded for this destination, but host " + host +
                                  " has no name; give the rule the names to accept")};
  }
  return unmet_requiretls(hop, host, facts, demands);
}

}  // namespace danewerk::policy
