#include "io/dns/canary.h"

namespace danewerk::io::dns {

using types::DnssecStatus;
using types::LookupErrorKind;

std::optional<std::string> secure_name_fault(const types::DnsQuestion& question, const types::Lookup& lookup) {
  const std::string check = "canary " + question.to_string() + ": ";
  if (!lookup) {
    switch (lookup.error().kind) {
      case LookupErrorKind::unreachable: return check + "the resolver is not there (" + lookup.error().what + ")";
      case LookupErrorKind::timeout: return check + "the resolver does not answer (" + lookup.error().what + ")";
      case LookupErrorKind::bogus:
        return check + "does not validate: check the trust anchor and the clock (" + lookup.error().what + ")";
      default: return check + lookup.error().what;
    }
  }
  if (lookup->value.existence != types::Existence::records) return check + "the name holds no such record";
  if (lookup->status != DnssecStatus::secure) {
    return check + "the answer is not marked authentic: the resolver does not validate, or has no trust anchor for it";
  }
  return std::nullopt;
}

std::optional<std::string> bogus_name_fault(const types::DnsQuestion& question, const types::Lookup& lookup) {
  if (!lookup) return std::nullopt;
  return "canary " + question.to_string() + ": answered although its signatures are wrong on purpose: the resolver does not validate";
}

std::optional<std::string> insecure_name_fault(const types::DnsQuestion& question, const types::Lookup& lookup) {
  if (!lookup || lookup->status != DnssecStatus::secure) return std::nullopt;
  return "canary " + question.to_string() + ": marked authentic although its zone is unsigned: the resolver sets AD without checking";
}

}  // namespace danewerk::io::dns
