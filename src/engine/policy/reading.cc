#include "engine/policy/reading.h"

namespace danewerk::policy {
using namespace types;

namespace {

Reading failed(LookupEvidence evidence) {
  Reading reading;
  reading.known = Known::failed;
  reading.evidence = std::move(evidence);
  return reading;
}

}  // namespace

Reading read(const DestinationFacts& facts, const DnsQuestion& question, const Rules& rules) {
  const Lookup* lookup = facts.find(question);
  if (lookup == nullptr) return {};
  if (!*lookup) return failed(LookupEvidence::of(question, *lookup));  // RES-02
  const Secured<DnsAnswer>& answer = **lookup;
  if (answer.status != DnssecStatus::secure && answer.status != DnssecStatus::insecure) {  // RFC 7672 2.1.1
    return failed(LookupEvidence::of(question, *lookup));
  }
  LookupEvidence evidence = LookupEvidence::of(question, *lookup);
  if (answer.value.aliases.size() > rules.max_aliases) {  // RES-09
    evidence.error = LookupError{LookupErrorKind::alias_loop,
                                 "more than " + std::to_string(rules.max_aliases) + " aliases in a row", answer.asked,
                                 answer.extended_errors};
    return failed(std::move(evidence));
  }
  if (question.type == RecordType::tlsa && answer.value.records.size() > rules.max_tlsa_records) {
    evidence.error = LookupError{LookupErrorKind::too_large,
                                 std::to_string(answer.value.records.size()) + " records, more than the " +
                                     std::to_string(rules.max_tlsa_records) + " we accept",
                                 answer.asked, answer.extended_errors};
    return failed(std::move(evidence));
  }
  Reading reading;
  reading.known = Known::answered;
  reading.answer = &answer;
  return reading;
}

Fault lookup_fault(Purpose purpose, const LookupEvidence& evidence) {
  Fault fault;
  fault.evidence = evidence;
  const std::string asked = evidence.question.to_string();
  if (evidence.error && evidence.error->is_our_fault()) {
    fault.kind = FaultKind::ours;
    fault.code = {4, 4, 312};
    fault.sentence = "Our own resolver cannot answer for " + asked + "; mail waits until it does";
    return fault;
  }
  // An answer that came with the status indeterminate could not be validated either (RFC 4035 4.3).
  const bool not_valid = evidence.status == DnssecStatus::bogus || !evidence.error;
  if (purpose == Purpose::tlsa || not_valid) {
    fault.kind = FaultKind::policy;
    fault.failure = TlsFailure::dnssec_invalid;
    fault.code = code_for(TlsFailure::dnssec_invalid);
    // An answer that failed is kept by nobody for long: there is no TTL to wait for, only the least wait (engine/retry).
    fault.recheck_at = evidence.error ? evidence.error->asked : evidence.asked;
    if (not_valid) {
      fault.sentence = "DNSSEC validation of " + asked + " failed; the zone's signatures need repair, or the answer is forged";
    } else if (evidence.error->kind == LookupErrorKind::too_large) {  // the TLSA flood: the remedy is the destination's
      fault.sentence = "The answer for " + asked + " is larger than we take (" + evidence.error->what +
                       "), so it is not known what the host requires; the destination should publish fewer records";
    } else {
      fault.sentence = "The name servers gave no answer for " + asked + ", so it is not known what the host requires";
    }
    return fault;
  }
  fault.code = {4, 4, 312};
  fault.sentence = "The DNS query for " + asked + " failed";
  return fault;
}

}  // namespace danewerk::policy
