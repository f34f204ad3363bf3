#include "engine/policy/judge.h"

#include <algorithm>

#include "engine/policy/plan.h"
#include "engine/policy/terms.h"
#include "engine/policy/words.h"

namespace danewerk::policy {
using namespace types;

namespace {

std::string peer_text(const Hop& hop, const Attempt& attempt) {
  if (hop.host.name().is_root()) return "Host [" + attempt.peer.address.to_string() + "]";
  return "Host " + hop.host.to_string() + " [" + attempt.peer.address.to_string() + "]";
}

/// The peer's own enhanced code where it fits the class we decided on, else the general one of that class.
EnhancedCode code_of(const Reply& reply, std::uint8_t klass) {
  if (reply.enhanced && (reply.enhanced->klass == klass || klass == 4)) {
    return {klass, reply.enhanced->subject, reply.enhanced->detail};
  }
  return {klass, 0, 0};
}

Fault refusal(const std::string& peer, const Reply& reply, Phase phase, Lasting lasting) {
  Fault fault;
  fault.lasting = lasting;
  fault.reply_code = reply.code;
  fault.code = code_of(reply, lasting == Lasting::permanent ? 5 : 4);
  fault.sentence = peer + " refused at " + to_string(phase) + ": " + reply.to_string();
  return fault;
}

/// TLS was not had. Where it was demanded that is a policy failure: 4.7.321, field.md 1.2.
Fault no_tls(const Hop& hop, const Attempt& attempt) {
  Fault fault;
  fault.code = code_for(TlsFailure::starttls_not_supported);
  fault.sentence = peer_text(hop, attempt) + ": no TLS (" + to_string(attempt.end) + " at " + to_string(attempt.phase);
  if (attempt.reply) fault.sentence += ": " + attempt.reply->to_string();
  if (!attempt.detail.empty() && attempt.detail != to_string(attempt.end)) fault.sentence += ": " + attempt.detail;
  fault.sentence += ")";
  if (hop.level == SecurityLevel::opportunistic) return fault;
  fault.kind = FaultKind::policy;
  fault.failure = TlsFailure::starttls_not_supported;
  fault.policy = demanding_policy(hop);
  if (hop.dane && fault.policy == FaultPolicy::dane) fault.recheck_at = hop.dane->valid_until;
  switch (fault.policy) {
    case FaultPolicy::dane: fault.sentence += "; its TLSA records promise it"; break;
    case FaultPolicy::mta_sts: fault.sentence += "; the MTA-STS policy of its domain promises it"; break;
    case FaultPolicy::destination_rule: fault.sentence += "; this destination is set to require it"; break;
    case FaultPolicy::requiretls: fault.sentence += "; the sender demands it (REQUIRETLS)"; break;
  }
  fault.sentence += ", so nothing was sent in clear";
  return fault;
}

FaultPolicy policy_of(PkixReason reason) {
  if (reason == PkixReason::mta_sts) return FaultPolicy::mta_sts;
  return reason == PkixReason::requiretls ? FaultPolicy::requiretls : FaultPolicy::destination_rule;
}

/// STS-09, RTL-03: 4.7.5 where it is MTA-STS's demand, else the code of the failure.
Fault pkix_failed(const Hop& hop, const Attempt& attempt) {
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.failure = attempt.pkix->failure;
  fault.policy = policy_of(hop.pkix->reason);
  fault.code = fault.policy == FaultPolicy::mta_sts ? EnhancedCode{4, 7, 5} : code_for(*fault.failure);
  fault.sentence = peer_text(hop, attempt) + " has no valid certificate for";
  for (std::size_t i = 0; i < hop.pkix->names.size(); ++i) fault.sentence += (i ? " or " : " ") + hop.pkix->names[i].to_string();
  for (std::size_t i = 0; i < hop.pkix->also.size(); ++i) fault.sentence += (i ? " or " : " and ") + hop.pkix->also[i].to_string();
  fault.sentence += std::string(" (") + to_string(hop.pkix->reason) + "): " + attempt.pkix->reason;
  if (!attempt.presented.empty()) fault.sentence += "; presented certificate SHA2-256 " + attempt.presented.front().cert_sha256;
  return fault;
}

Fault not_authenticated(const Hop& hop, const Attempt& attempt) {
  const bool dane_failed = hop.level == SecurityLevel::dane && !(attempt.verdict && attempt.verdict->is_authenticated());
  if (!dane_failed && hop.pkix && attempt.pkix && attempt.pkix->failure) return pkix_failed(hop, attempt);
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.failure = TlsFailure::validation_failure;
  if (attempt.verdict && attempt.verdict->failure) fault.failure = attempt.verdict->failure;
  fault.code = code_for(*fault.failure);
  fault.sentence = peer_text(hop, attempt) + " was not authenticated";
  if (attempt.verdict) fault.sentence += ": " + attempt.verdict->reason;
  if (hop.dane) fault.recheck_at = hop.dane->valid_until;
  if (hop.dane) fault.sentence += "; TLSA set of " + hop.dane->base.to_string();
  for (std::size_t i = 0; hop.dane && i < hop.dane->published.size(); ++i) {
    fault.sentence += (i ? ", " : ": ") + hop.dane->published[i].to_string();
  }
  if (!attempt.presented.empty()) fault.sentence += "; presented key SHA2-256 " + attempt.presented.front().spki_sha256;
  return fault;
}

Fault extension_missing(const Hop& hop, const Attempt& attempt) {
  const Extension missing = attempt.missing.value_or(Extension::size);
  Fault fault;
  fault.lasting = Lasting::permanent;
  switch (missing) {
    case Extension::requiretls:  // RTL-04, RFC 8689 4.2.1
      fault.kind = FaultKind::policy;
      fault.code = {5, 7, 30};
      break;
    case Extension::smtputf8: fault.code = {5, 6, 7}; break;  // RFC 6531 3.5
    case Extension::eight_bit_mime:
    case Extension::binary_mime: fault.code = {5, 6, 3}; break;
    case Extension::size: fault.code = {5, 3, 4}; break;  // RFC 1870 6.2
  }
  fault.sentence = peer_text(hop, attempt) + (missing == Extension::size
                                                  ? " does not take messages of this size"
                                                  : std::string(" does not offer ") + to_string(missing) +
                                                        ", which this message needs");
  return fault;
}

Fault connection_fault(const Hop& hop, const Attempt& attempt) {
  Fault fault;
  fault.code = {4, 4, 2};
  std::string what = "broke the connection";
  if (attempt.end == AttemptEnd::not_connected) {
    fault.code = {4, 4, 1};
    what = "gave no connection";
  } else if (attempt.end == AttemptEnd::timed_out) {
    what = "fell silent";
  } else if (attempt.end == AttemptEnd::protocol_error) {
    fault.code = {4, 5, 0};
    what = "broke the protocol";
  }
  fault.sentence = peer_text(hop, attempt) + " " + what + " at " + to_string(attempt.phase);
  if (is_in_doubt(attempt)) fault.sentence += ", after the content was sent; it may have been accepted";
  if (!attempt.detail.empty()) fault.sentence += ": " + attempt.detail;
  return fault;
}

bool is_proven_by_dane(const Hop& hop, const Attempt& attempt) {
  return hop.dane && attempt.verdict && attempt.verdict->is_authenticated();
}

bool is_proven_by_pkix(const Hop& hop, const Attempt& attempt) {
  return hop.pkix && attempt.pkix && attempt.pkix->is_authenticated();
}

Fault nothing_tried() {
  Fault fault;
  fault.kind = FaultKind::ours;
  fault.code = {4, 3, 2};
  fault.sentence = "No host was tried in this round";
  return fault;
}

/// "DANE (3 1 1 ...)", "its certificate for mx.example.com (mta-sts)", or both.
std::string authenticated_by(const Hop& hop, const Attempt& attempt) {
  std::string out;
  if (is_proven_by_dane(hop, attempt)) out = "DANE (" + attempt.verdict->record->to_string() + ")";
  if (!is_proven_by_pkix(hop, attempt)) return out;
  return out + (out.empty() ? "" : " and ") + "its certificate for " + attempt.pkix->matched_name + " (" + to_string(hop.pkix->reason) + ")";
}

std::string accepted_text(const Hop& hop, const Attempt& attempt, const Reply& reply) {
  std::string out = peer_text(hop, attempt) + " accepted it: " + reply.to_string();
  if (attempt.require_tls == RequireTls::yes) out += "; with REQUIRETLS";
  if (hop.waived) out += "; by the sender's TLS-Required: No";
  switch (assurance(hop, attempt)) {
    case Assurance::cleartext: return out + "; in clear";
    case Assurance::encrypted: return out + "; over TLS, nobody authenticated";
    case Assurance::host_authenticated:  // MX-07: never reported as the next hop
      return out + "; over TLS, host authenticated by " + authenticated_by(hop, attempt) +
             ", but the MX record that names it is not signed";
    case Assurance::next_hop_authenticated: return out + "; over TLS, authenticated by " + authenticated_by(hop, attempt);
  }
  return out;
}

Outcome settled(const DeliveryPlan& plan, const Attempt& attempt, const Word& word) {
  const Hop& hop = hop_of(plan, attempt);
  Outcome outcome;
  outcome.reply = *word.reply;
  if (word.kind == WordKind::delivered) {
    outcome.disposition = Disposition::delivered;
    outcome.code = code_of(*word.reply, 2);
    outcome.assurance = assurance(hop, attempt);
    outcome.sentence = accepted_text(hop, attempt, *word.reply);
    return outcome;
  }
  outcome.disposition = Disposition::failed;
  outcome.fault = refusal(peer_text(hop, attempt), *word.reply, word.phase, Lasting::permanent);
  return outcome;
}

struct Candidate {
  Fault fault;
  std::optional<std::size_t> attempt;
  const Reply* reply = nullptr;
};

/// Everything that stands in one recipient's way after this round: replies about it first, then the other attempts,
/// then the hosts that were never hops. weightiest() takes the first of equals.
std::vector<Candidate> obstacles(const DeliveryPlan& plan, std::span<const Attempt> attempts, RecipientIndex recipient) {
  std::vector<Candidate> found;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Word word = word_on(attempts[i], recipient);
    if (word.kind != WordKind::deferred) continue;
    found.push_back({refusal(peer_text(hop_of(plan, attempts[i]), attempts[i]), *word.reply, word.phase,
                             Lasting::transient), i, word.reply});
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (word_on(attempts[i], recipient).kind != WordKind::silent) continue;
    if (auto fault = fault_of(plan, attempts[i])) {
      found.push_back({*std::move(fault), i, attempts[i].reply ? &*attempts[i].reply : nullptr});
    }
  }
  for (const HostOut& out : plan.out) found.push_back({out.fault, std::nullopt, nullptr});
  if (attempts.empty()) found.push_back({nothing_tried(), std::nullopt, nullptr});
  return found;
}

Outcome unsettled(const DeliveryPlan& plan, std::span<const Attempt> attempts, RecipientIndex recipient) {
  Outcome outcome;
  if (plan.stop) {
    outcome.fault = plan.stop;
  } else {
    const std::vector<Candidate> found = obstacles(plan, attempts, recipient);
    std::vector<const Fault*> faults;
    for (const Candidate& candidate : found) faults.push_back(&candidate.fault);
    const Fault* chosen = faults.empty() ? nullptr : &weightiest(faults);
    for (const Candidate& candidate : found) {
      if (&candidate.fault != chosen) continue;
      outcome.attempt = candidate.attempt;
      if (candidate.reply != nullptr) outcome.reply = *candidate.reply;
    }
    outcome.fault = chosen != nullptr ? *chosen : nothing_tried();
  }
  const bool over = outcome.fault->lasting == Lasting::permanent;
  outcome.disposition = over ? Disposition::failed : Disposition::deferred;
  return outcome;
}

}  // namespace

Assurance assurance(const Hop& hop, const Attempt& attempt) {
  if (attempt.channel == Channel::cleartext) return Assurance::cleartext;
  if (!is_proven_by_dane(hop, attempt) && !is_proven_by_pkix(hop, attempt)) return Assurance::encrypted;
  return is_named_by_next_hop(hop) ? Assurance::next_hop_authenticated : Assurance::host_authenticated;
}

std::optional<Fault> fault_of(const DeliveryPlan& plan, const Attempt& attempt) {
  const Hop& hop = hop_of(plan, attempt);
  if (attempt.end == AttemptEnd::completed) return std::nullopt;
  if (failed_in_tls(attempt)) return no_tls(hop, attempt);
  switch (attempt.end) {
    case AttemptEnd::not_authenticated: return not_authenticated(hop, attempt);
    case AttemptEnd::extension_missing: return extension_missing(hop, attempt);
    case AttemptEnd::refused: {
      const Reply reply = attempt.reply.value_or(Reply{421, std::nullopt, {"(no reply kept)"}});
      // Before MAIL a refusal is of the session: it may pass, however it is worded (as Postfix smtp_skip_5xx_greeting).
      const bool final_word = reply.is_permanent() && attempt.phase >= Phase::mail;
      return refusal(peer_text(hop, attempt), reply, attempt.phase,
                     final_word ? Lasting::permanent : Lasting::transient);
    }
    case AttemptEnd::local_fault: {
      Fault fault;
      fault.kind = FaultKind::ours;
      fault.code = {4, 3, 0};
      fault.sentence = peer_text(hop, attempt) + " is not to blame: a fault on our side ended the attempt at " +
                       to_string(attempt.phase);
      if (!attempt.detail.empty()) fault.sentence += ": " + attempt.detail;
      return fault;
    }
    default: return connection_fault(hop, attempt);
  }
}

std::vector<Outcome> judge(const DeliveryPlan& plan, std::span<const Attempt> attempts,
                           std::span<const RecipientIndex> recipients, Instant now) {
  std::vector<Outcome> outcomes;
  for (const RecipientIndex recipient : recipients) {
    Outcome outcome;
    const auto deciding = std::find_if(attempts.begin(), attempts.end(), [recipient](const Attempt& attempt) {
      return word_on(attempt, recipient).settles();
    });
    if (deciding != attempts.end()) {
      outcome = settled(plan, *deciding, word_on(*deciding, recipient));
      outcome.attempt = static_cast<std::size_t>(deciding - attempts.begin());
    } else {
      outcome = unsettled(plan, attempts, recipient);
    }
    outcome.recipient = recipient;
    outcome.decided = now;
    if (outcome.fault) {
      outcome.code = outcome.fault->code;
      outcome.sentence = outcome.fault->sentence;
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace danewerk::policy
