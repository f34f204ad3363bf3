#include "types/delivery_plan.h"

namespace danewerk::types {
namespace {

std::string fault_text(const Fault& fault) {
  std::string out = fault.code.to_string();
  if (fault.reply_code != 0) out = std::to_string(fault.reply_code) + " " + out;
  out += std::string(" ") + to_string(fault.kind);
  if (fault.failure) out += std::string(" ") + to_string(*fault.failure);
  if (fault.evidence) out += " <" + fault.evidence->to_string() + ">";
  return out + ": " + fault.sentence;
}

std::string hop_text(const Hop& hop) {
  std::string out = "hop " + hop.to_string() + ":" + std::to_string(static_cast<unsigned>(hop.port));
  out += " pref=" + std::to_string(hop.preference) + " origin=" + to_string(hop.origin) + " mx=" + to_string(hop.mx);
  out += std::string(" level=") + to_string(hop.level) + " reason=" + to_string(hop.reason);
  if (hop.raised) out += " raised";
  if (hop.waived) out += " waived";
  if (hop.audit) out += std::string(" audit=") + to_string(*hop.audit);
  if (hop.dane) {
    out += " base=" + hop.dane->base.to_string() + " usable=" + std::to_string(hop.dane->usable.size()) + "/" +
           std::to_string(hop.dane->published.size()) + " names=";
    for (std::size_t i = 0; i < hop.dane->names.size(); ++i) out += (i ? "," : "") + hop.dane->names[i].to_string();
  }
  if (hop.pkix) {
    out += std::string(" pkix=") + to_string(hop.pkix->reason) + (hop.pkix->force == PkixForce::audit ? "/audit:" : ":");
    for (std::size_t i = 0; i < hop.pkix->names.size(); ++i) out += (i ? "," : "") + hop.pkix->names[i].to_string();
    for (std::size_t i = 0; i < hop.pkix->also.size(); ++i) out += (i ? "," : "+") + hop.pkix->also[i].to_string();
  }
  if (hop.sts != StsMatch::no_policy) out += std::string(" sts=") + to_string(hop.sts);
  if (hop.sni) out += " sni=" + hop.sni->to_string();
  out += " to=";
  for (std::size_t i = 0; i < hop.addresses.size(); ++i) out += (i ? "," : "") + hop.addresses[i].to_string();
  return out;
}

}  // namespace

std::string Hop::to_string() const {
  if (!host.name().is_root()) return host.to_string();
  return addresses.empty() ? "[]" : "[" + addresses.front().to_string() + "]";
}

const char* to_string(SecurityLevel level) noexcept {
  switch (level) {
    case SecurityLevel::opportunistic: return "opportunistic";
    case SecurityLevel::encrypted: return "encrypted";
    case SecurityLevel::verified: return "verified";
    case SecurityLevel::dane: return "dane";
  }
  return "opportunistic";
}

const char* to_string(LevelReason reason) noexcept {
  switch (reason) {
    case LevelReason::tlsa_usable: return "tlsa_usable";
    case LevelReason::tlsa_all_unusable: return "tlsa_all_unusable";
    case LevelReason::tlsa_absent: return "tlsa_absent";
    case LevelReason::tlsa_insecure: return "tlsa_insecure";
    case LevelReason::address_insecure: return "address_insecure";
    case LevelReason::alias_insecure: return "alias_insecure";
    case LevelReason::dane_off: return "dane_off";
    case LevelReason::address_literal: return "address_literal";
    case LevelReason::address_in_mx: return "address_in_mx";
    case LevelReason::lookup_waived: return "lookup_waived";
    case LevelReason::sts_enforce: return "sts_enforce";
  }
  return "tlsa_absent";
}

const char* to_string(PkixReason reason) noexcept {
  switch (reason) {
    case PkixReason::mta_sts: return "mta-sts";
    case PkixReason::destination_rule: return "destination-rule";
    case PkixReason::requiretls: return "requiretls";
  }
  return "mta-sts";
}

const char* to_string(StsMatch match) noexcept {
  switch (match) {
    case StsMatch::no_policy: return "no-policy";
    case StsMatch::named: return "named";
    case StsMatch::named_in_testing: return "named-in-testing";
    case StsMatch::unnamed: return "unnamed";
  }
  return "no-policy";
}

const char* to_string(HostOrigin origin) noexcept {
  switch (origin) {
    case HostOrigin::mx: return "mx";
    case HostOrigin::implicit_mx: return "implicit_mx";
    case HostOrigin::relay_host: return "relay_host";
    case HostOrigin::address: return "address";
  }
  return "mx";
}

const char* to_string(MxTrust trust) noexcept {
  switch (trust) {
    case MxTrust::secure: return "secure";
    case MxTrust::insecure: return "insecure";
    case MxTrust::not_used: return "not_used";
  }
  return "insecure";
}

const char* to_string(OutReason reason) noexcept {
  switch (reason) {
    case OutReason::address_lookup_failed: return "address_lookup_failed";
    case OutReason::alias_lookup_failed: return "alias_lookup_failed";
    case OutReason::tlsa_lookup_failed: return "tlsa_lookup_failed";
    case OutReason::no_addresses: return "no_addresses";
    case OutReason::no_reachable_family: return "no_reachable_family";
    case OutReason::dane_required: return "dane_required";
    case OutReason::requiretls: return "requiretls";
    case OutReason::sts_mismatch: return "sts_mismatch";
    case OutReason::sts_required: return "sts_required";
    case OutReason::no_name_to_verify: return "no_name_to_verify";
    case OutReason::no_host_name: return "no_host_name";
    case OutReason::own_host: return "own_host";
    case OutReason::behind_own_host: return "behind_own_host";
    case OutReason::over_limit: return "over_limit";
    case OutReason::facts_missing: return "facts_missing";
  }
  return "facts_missing";
}

std::string to_string(const DeliveryPlan& plan) {
  std::string out = "next-hop " + plan.next_hop.to_string() + " mx=" + to_string(plan.mx);
  if (plan.expanded) out += " expanded=" + plan.expanded->to_string();
  out += "\n";
  if (plan.rule) out += "rule " + plan.rule->id.to_string() + " of " + to_string(plan.rule->owner) + "\n";
  if (plan.sts) {
    out += std::string("mta-sts ") + to_string(plan.sts->policy.mode) + " " + to_string(plan.sts->source) + " id=" + plan.sts->id + " mx=";
    for (std::size_t i = 0; i < plan.sts->policy.mx.size(); ++i) out += (i ? "," : "") + plan.sts->policy.mx[i].to_string();
    out += "\n";
  }
  for (const Hop& hop : plan.hops) out += hop_text(hop) + "\n";
  for (const HostOut& host : plan.out) {
    out += "out " + host.host + " pref=" + std::to_string(host.preference) + " reason=" + to_string(host.reason) + " " +
           fault_text(host.fault) + "\n";
  }
  if (plan.stop) {
    out += std::string(plan.stop->lasting == Lasting::permanent ? "bounce " : "wait ") + fault_text(*plan.stop) + "\n";
  }
  return out;
}

}  // namespace danewerk::types
