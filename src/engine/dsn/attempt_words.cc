#include "engine/dsn/attempt_words.h"

#include "engine/dsn/letters.h"

namespace danewerk::dsn {
using namespace types;

namespace {

constexpr std::size_t most_records = 12;
constexpr std::size_t most_certificates = 5;
constexpr std::size_t longest_data = 64;  // octets of a TLSA record shown: a SHA2-512 digest

const char* thing_refused(Phase phase) {
  switch (phase) {
    case Phase::mail: return "the sender's address";
    case Phase::recipients: return "this recipient";
    case Phase::data:
    case Phase::content:
    case Phase::done: return "the message";
    default: return "the connection";
  }
}

bool is_before_mail_in_tls(const Attempt& attempt) {
  switch (attempt.end) {
    case AttemptEnd::starttls_not_offered:
    case AttemptEnd::starttls_refused:
    case AttemptEnd::handshake_failed: return true;
    default: return attempt.phase == Phase::starttls || attempt.phase == Phase::handshake;
  }
}

/// TLS was demanded and not had.
std::string no_tls(const Hop& hop, const Attempt& attempt) {
  std::string out;
  if (attempt.end == AttemptEnd::starttls_not_offered) {
    out = " did not offer encryption (STARTTLS)";
  } else if (attempt.end == AttemptEnd::starttls_refused) {
    out = " refused encryption (STARTTLS)";
  } else {
    out = " failed to set up encryption (TLS)";
  }
  if (attempt.reply) out += ": " + attempt.reply->to_string();
  if (!attempt.detail.empty()) out += ": " + attempt.detail;
  if (hop.level == SecurityLevel::opportunistic) return out + ".";
  const bool by_policy = hop.level == SecurityLevel::verified && hop.pkix && hop.pkix->reason == PkixReason::mta_sts;
  const bool by_sender = hop.level == SecurityLevel::verified && hop.pkix && hop.pkix->reason == PkixReason::requiretls;
  if (by_policy) {
    out += ". The MTA-STS policy its domain publishes promises it";
  } else if (by_sender) {
    out += ". You required it (REQUIRETLS)";
  } else {
    out += hop.raised ? ". Mail to this destination is set to require it" : ". The TLSA records its operator publishes promise it";
  }
  return out + ", so nothing of your message was sent to it.";
}

std::string not_authenticated(const Attempt& attempt) {
  std::string out = " could not prove that it is the right server";
  if (attempt.pkix && attempt.pkix->failure) {  // looked at last: where DANE failed, it was not reached
    out += ": " + attempt.pkix->reason;
  } else if (attempt.verdict && !attempt.verdict->reason.empty()) {
    out += ": " + attempt.verdict->reason;
  }
  return out + ". Nothing of your message was sent to it.";
}

std::string missing(const Attempt& attempt) {
  switch (attempt.missing.value_or(Extension::size)) {
    case Extension::requiretls: return " does not promise to pass the message on only over verified TLS (REQUIRETLS), "
                                       "which you required.";
    case Extension::smtputf8: return " does not take addresses and headers beyond ASCII (SMTPUTF8), which this message "
                                     "needs.";
    case Extension::eight_bit_mime: return " does not take 8-bit messages (8BITMIME), and this is one.";
    case Extension::binary_mime: return " does not take binary messages (BINARYMIME), and this is one.";
    case Extension::size: break;
  }
  return " does not take messages as large as this one.";
}

std::string connection(const Attempt& attempt) {
  const std::string where = std::string(" (at ") + to_string(attempt.phase) + ")";
  const std::string detail = attempt.detail.empty() ? "." : ": " + attempt.detail + ".";
  switch (attempt.end) {
    case AttemptEnd::not_connected: return " gave no connection" + detail;
    case AttemptEnd::timed_out: return " stopped answering" + where + detail;
    case AttemptEnd::protocol_error: return " broke the rules of SMTP" + where + detail;
    case AttemptEnd::local_fault: return " was not to blame: a fault on our side ended the attempt" + where + detail;
    default: return " broke the connection" + where + detail;
  }
}

std::string record_line(const TlsaRecord& record) {
  if (record.data.size() <= longest_data) return record.to_string();
  TlsaRecord shown = record;
  shown.data.resize(longest_data);
  return shown.to_string() + "... (" + std::to_string(record.data.size()) + " octets)";
}

std::string answer_text(const LookupEvidence& evidence) {
  if (evidence.error) {
    const std::string kind = to_string(evidence.error->kind);
    const std::string failed = evidence.error->kind == LookupErrorKind::bogus ? "DNSSEC validation failed (bogus)"
                                                                              : "The lookup failed (" + kind + ")";
    return evidence.error->what.empty() ? failed : failed + ": " + evidence.error->what;
  }
  switch (evidence.status) {
    case DnssecStatus::secure: return "The answer is signed and valid (secure)";
    case DnssecStatus::insecure: return "The answer is not signed (insecure)";
    default: return std::string("The answer cannot be relied on (") + to_string(evidence.status) + ")";
  }
}

std::string and_more(std::size_t all, std::size_t shown) {
  return all > shown ? "    and " + std::to_string(all - shown) + " more\n" : "";
}

}  // namespace

std::string server_text(const Hop& hop, const Attempt& attempt) {
  if (hop.host.name().is_root()) return "[" + attempt.peer.address.to_string() + "]";
  return hop.host.to_string() + " [" + attempt.peer.address.to_string() + "]";
}

std::string attempt_sentence(const Hop& hop, const Attempt& attempt, const Reply* reply) {
  const std::string server = server_text(hop, attempt);
  switch (attempt.end) {
    case AttemptEnd::not_authenticated: return server + not_authenticated(attempt);
    case AttemptEnd::extension_missing: return server + missing(attempt);
    case AttemptEnd::completed:
    case AttemptEnd::refused: break;
    default:
      if (attempt.end != AttemptEnd::local_fault && is_before_mail_in_tls(attempt)) return server + no_tls(hop, attempt);
      if (reply == nullptr) return server + connection(attempt);
  }
  if (reply == nullptr) return server + " refused " + thing_refused(attempt.phase) + ".";
  if (reply->is_positive()) return server + " accepted it: " + reply->to_string();
  Phase phase = attempt.phase;
  for (const RecipientReply& one : attempt.replies) {
    if (one.reply == *reply) phase = one.phase;
  }
  return server + (reply->is_transient() ? " put off " : " refused ") + thing_refused(phase) + ": " + reply->to_string();
}

std::string dane_evidence(const Hop& hop, const Attempt& attempt) {
  std::string out;
  if (hop.dane) {
    out += wrapped("TLSA records published at " + hop.dane->question.name.to_string() + ":", "  ");
    const TlsaSet& set = hop.dane->published;
    for (std::size_t i = 0; i < set.size() && i < most_records; ++i) out += "    " + record_line(set[i]) + "\n";
    out += and_more(set.size(), most_records);
  }
  if (attempt.presented.empty()) return out;
  out += "  SHA2-256 digests of what the server presented, its own first:\n";
  for (std::size_t i = 0; i < attempt.presented.size() && i < most_certificates; ++i) {
    out += "    key  " + printable(attempt.presented[i].spki_sha256, Letters::ascii, 128) + "\n";
    out += "    cert " + printable(attempt.presented[i].cert_sha256, Letters::ascii, 128) + "\n";
  }
  return out + and_more(attempt.presented.size(), most_certificates);
}

std::string dns_evidence(const LookupEvidence& evidence) {
  std::string out = "  DNS: " + evidence.question.to_string() + "\n";
  out += wrapped(printable(answer_text(evidence), Letters::utf8, 400), "    ");
  for (std::size_t i = 0; i < evidence.extended_errors.size() && i < most_records; ++i) {
    out += wrapped("The resolver's reason: " + printable(evidence.extended_errors[i].to_string(), Letters::utf8, 400), "    ");
  }
  return out + and_more(evidence.extended_errors.size(), most_records);
}

}  // namespace danewerk::dsn
