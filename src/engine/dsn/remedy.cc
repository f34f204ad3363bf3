#include "engine/dsn/remedy.h"

namespace danewerk::dsn {
using namespace types;

namespace {

std::string operator_of(const Parties& parties) { return "the operator of the mail servers of " + parties.domain; }
std::string server(const Parties& parties) { return parties.host.empty() ? "the server" : parties.host; }

/// Where no TLSA record is concerned: MTA-STS, a rule that verifies names, REQUIRETLS.
Remedy certificate_remedy(const Fault& fault, const Parties& parties) {
  const std::string who = operator_of(parties);
  constexpr EnhancedCode no_policy_names_it{5, 4, 8};
  if (fault.policy == FaultPolicy::mta_sts) {
    return {Side::destination, who + ". Its MTA-STS policy must name its mail servers, and each of them needs a valid certificate from a "
            "public authority that carries its name."};
  }
  if (fault.code.permanent() == no_policy_names_it) {
    return {Side::destination, who + ", who would have to protect it with MTA-STS (a policy in mode enforce); or the operator of " +
            parties.us + ", who has set that mail to " + parties.domain + " is sent under such a policy only."};
  }
  return {Side::destination, who + ". " + server(parties) + " needs a valid certificate from a public authority that carries its name."};
}

Remedy tls_remedy(TlsFailure failure, const Fault& fault, const Parties& parties) {
  const std::string who = operator_of(parties);
  switch (failure) {
    case TlsFailure::starttls_not_supported:
      return {Side::destination, who + ". " + server(parties) + " must offer working encryption (STARTTLS) again. Until it "
              "does, mail that must be encrypted cannot be handed to it."};
    case TlsFailure::certificate_expired:
      return {Side::destination, who + ". The certificate of " + server(parties) + " must be renewed."};
    case TlsFailure::certificate_host_mismatch:
      return {Side::destination, who + ". The certificate of " + server(parties) + " must carry the server's name, or the "
              "TLSA records must be changed to name the key itself (3 1 1)."};
    case TlsFailure::dnssec_invalid: {
      const std::string name = fault.evidence ? fault.evidence->question.name.to_string() : parties.domain;
      return {Side::destination_dns, "the operator of the DNS zone that holds " + name + ". Its DNSSEC signatures must be "
              "valid and its name servers must answer for every record type."};
    }
    case TlsFailure::dane_required:
      return {Side::destination, who + ", who would have to protect it with DANE (signed MX and TLSA records); or the "
              "operator of " + parties.us + ", who has set that mail to " + parties.domain + " is sent with DANE only."};
    case TlsFailure::sts_policy_fetch_error:
    case TlsFailure::sts_policy_invalid:
    case TlsFailure::sts_webpki_invalid:
      return {Side::destination, who + ". Its MTA-STS policy and its mail servers must agree, with a valid certificate."};
    case TlsFailure::tlsa_invalid:
    case TlsFailure::certificate_not_trusted:
    case TlsFailure::validation_failure: break;
  }
  return {Side::destination, who + ". Either a TLSA record for the key that " + server(parties) + " now uses must be "
          "published, or the server must use the key its records name again. If you can reach them by other means, pass "
          "this notice on."};
}

Remedy address_remedy(const EnhancedCode& code, const Parties& parties) {
  switch (code.detail) {
    case 2:
      return {Side::sender, "you. Check the part of the address behind the @. If " + parties.domain + " is right, its "
              "owner must restore it in the DNS."};
    case 7:
    case 8:
      return {Side::sender, "you, or the operator of your mail system. The server does not accept your own address as a "
              "sender's."};
    case 10:
      return {Side::sender, "you. " + parties.domain + " states in the DNS that it takes no mail. Check the address, or "
              "ask the recipient for another."};
    default:
      return {Side::sender, "you. Check the address for mistakes. If it is right, only " + operator_of(parties) +
              " can say why it is refused."};
  }
}

Remedy network_remedy(const Fault& fault, const Parties& parties) {
  const std::uint16_t detail = fault.code.detail;
  if (detail == 3 || detail == 4 || detail == 312) {
    const std::string name = fault.evidence ? fault.evidence->question.name.to_string() : parties.domain;
    return {Side::destination_dns, "the operator of the DNS zone that holds " + name + ". It must name mail servers that "
            "exist, and its name servers must answer."};
  }
  if (detail == 6) {
    return {Side::destination_dns, "the operator of the DNS of " + parties.domain + ", or of " + parties.us +
            ". The domain's mail is led in a circle."};
  }
  return {Side::destination, operator_of(parties) + ". " + server(parties) + " must be reachable and answer."};
}

/// A refusal without a telling enhanced code: what the reply code alone says (RFC 5321 4.2.3).
Remedy plain_refusal(int reply_code, const Parties& parties) {
  if (reply_code == 550 || reply_code == 551 || reply_code == 553) return address_remedy({5, 1, 0}, parties);
  if (reply_code == 552) return {Side::recipient, "the recipient, whose mailbox may be full; or you, by a smaller message."};
  return {Side::destination, operator_of(parties) + ", whose server gave the reply above."};
}

Remedy ordinary_remedy(const Fault& fault, const Parties& parties) {
  const EnhancedCode& code = fault.code;  // RFC 3463 3
  switch (code.subject) {
    case 0: return plain_refusal(fault.reply_code, parties);
    case 1: return address_remedy(code, parties);
    case 2:
      return {Side::recipient, "the recipient, or " + operator_of(parties) + ". The mailbox takes no mail: it may be full "
              "or closed."};
    case 3:
      if (code.detail == 4) return {Side::sender, "you. The message is larger than the server takes: send a smaller one."};
      break;
    case 4: return network_remedy(fault, parties);
    case 6:
      return {Side::sender, "you, by sending the message in another form or to another address; or " +
              operator_of(parties) + ". Its server does not take what this message or address holds."};
    case 7:
      return {Side::sender, "you, or " + operator_of(parties) + ". Its server refuses the message by a rule of its own; "
              "the reply above says which, and only they can change it."};
    default: break;
  }
  return {Side::destination, operator_of(parties) + "."};
}

}  // namespace

Remedy remedy_for(const Fault& fault, const Parties& parties) {
  if (fault.kind == FaultKind::ours) {
    return {Side::ours, "the operator of " + parties.us + ". The fault is on our side; nothing is wrong with your message "
            "or with the address."};
  }
  const bool about_tls_at_all = fault.failure == TlsFailure::starttls_not_supported || fault.failure == TlsFailure::dane_required;
  if (fault.failure && fault.policy != FaultPolicy::dane && !about_tls_at_all) return certificate_remedy(fault, parties);
  if (fault.failure) return tls_remedy(*fault.failure, fault, parties);
  if (fault.kind == FaultKind::policy) {  // RTL-04, RFC 8689 4.2.1
    return {Side::destination, operator_of(parties) + ", who would have to support REQUIRETLS; or you, by sending the "
            "message again without requiring protected transport all the way."};
  }
  return ordinary_remedy(fault, parties);
}

}  // namespace danewerk::dsn
