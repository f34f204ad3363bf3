#include "service/edge/received.h"

namespace danewerk::service {
namespace {

constexpr std::string_view field_name = "received";
constexpr std::size_t longest_comment = 255;

/// RFC 5322 3.2.2: what may stand in a comment, with quoted-pairs for what would end or open one.
std::string comment_text(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, longest_comment)) {
    if (c == '(' || c == ')' || c == '\\') out.push_back('\\');
    out.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return out;
}

/// Extended-Domain: "mx.example ([192.0.2.1])".
std::string from_clause(std::string_view peer_name, const types::IpAddress& peer) {
  const std::string address = types::to_string(types::MailDomain{peer});
  const auto as_mailbox = types::Mailbox::parse("x@" + std::string(peer_name));  // one grammar for both kinds of domain
  if (as_mailbox) return types::to_string(as_mailbox->domain()) + " (" + address + ")";
  return address + " (" + address + ")\r\n\t(said \"" + comment_text(peer_name) + "\")";
}

std::string with_clause(const Trace& trace) {
  std::string protocol = trace.envelope.sender.utf8 == types::Smtputf8::yes ? "UTF8SMTP" : "ESMTP";
  if (!trace.tls) return protocol;
  return protocol + "S (" + comment_text(trace.tls->version) + " " + comment_text(trace.tls->cipher) + ")";
}

}  // namespace

std::string received_line(const Trace& trace) {
  std::string line = "Received: from " + from_clause(trace.peer_name, trace.peer) + "\r\n\tby " + trace.our_name.to_string() +
                     " (Danewerk) with " + with_clause(trace) + "\r\n\tid " + trace.id.to_string();
  if (trace.envelope.recipients.size() == 1) {  // RFC 5321 7.2
    line += "\r\n\tfor <" + types::to_string(trace.envelope.recipients.front().path) + ">";
  }
  return line + ";\r\n\t" + to_rfc5322(trace.at) + "\r\n";
}

void ReceivedCounter::feed(std::string_view octets) noexcept {
  while (!octets.empty() && at_ != At::body) {
    if (at_ == At::rest_of_line) {
      const std::size_t end = octets.find('\n');
      if (end == std::string_view::npos) return;
      octets.remove_prefix(end + 1);
      at_ = At::name;
      matched_ = 0;
      continue;
    }
    step(octets.front());
    octets.remove_prefix(1);
  }
}

void ReceivedCounter::step(char octet) noexcept {
  if (at_ == At::after_name) {
    if (octet == ' ' || octet == '\t') return;  // RFC 5322 4.5: blanks before the colon
    if (octet == ':') ++count_;
    at_ = octet == '\n' ? At::name : At::rest_of_line;
    matched_ = 0;
  } else if (octet == '\r' && matched_ == 0) {
    at_ = At::body;  // an empty line ends the header; the session lets no bare CR through
  } else if ((octet | 0x20) != field_name[matched_]) {
    at_ = octet == '\n' ? At::name : At::rest_of_line;
    matched_ = 0;
  } else if (++matched_ == field_name.size()) {
    at_ = At::after_name;
  }
}

}  // namespace danewerk::service
