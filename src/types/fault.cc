#include "types/fault.h"

namespace danewerk::types {

LookupEvidence LookupEvidence::of(const DnsQuestion& question, const Lookup& lookup) {
  LookupEvidence evidence;
  evidence.question = question;
  if (!lookup) {
    evidence.error = lookup.error();
    evidence.status = lookup.error().kind == LookupErrorKind::bogus ? DnssecStatus::bogus : DnssecStatus::indeterminate;
    evidence.extended_errors = lookup.error().extended_errors;
    evidence.asked = lookup.error().asked;
    return evidence;
  }
  evidence.status = lookup->status;
  evidence.extended_errors = lookup->extended_errors;
  evidence.asked = lookup->asked;
  return evidence;
}

std::string LookupEvidence::to_string() const {
  std::string out = question.to_string() + ": " + (error ? types::to_string(error->kind) : types::to_string(status));
  if (error && !error->what.empty()) out += " (" + error->what + ")";
  for (const ExtendedError& extended : extended_errors) out += "; " + extended.to_string();
  return out;
}

const char* to_string(FaultPolicy policy) noexcept {
  switch (policy) {
    case FaultPolicy::dane: return "dane";
    case FaultPolicy::mta_sts: return "mta-sts";
    case FaultPolicy::destination_rule: return "destination-rule";
    case FaultPolicy::requiretls: return "requiretls";
  }
  return "dane";
}

const char* to_string(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::ordinary: return "ordinary";
    case FaultKind::policy: return "policy";
    case FaultKind::ours: return "ours";
  }
  return "ordinary";
}

}  // namespace danewerk::types
