#include "engine/smtp/command_text.h"

#include <algorithm>

#include "engine/smtp/xtext.h"

namespace danewerk::engine::smtp {
namespace {

using types::to_string;

Failure<Unsendable> unsendable(types::EnhancedCode code, std::string why) { return Failure{Unsendable{code, std::move(why)}}; }

bool is_utf8_type(const std::string& kind) {
  return kind.size() == 5 && (kind[0] | 0x20) == 'u' && (kind[1] | 0x20) == 't' && (kind[2] | 0x20) == 'f' && kind.substr(3) == "-8";
}

/// A Mailbox built by hand could hold anything; a command line must not.
bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

std::string path(const types::ForwardPath& recipient) { return "<" + to_string(recipient) + ">"; }
std::string path(const types::ReversePath& sender) { return sender ? "<" + sender->to_string() + ">" : "<>"; }

}  // namespace

bool needs_smtputf8(const types::Envelope& envelope) {
  if (envelope.sender.utf8 == types::Smtputf8::yes || !is_ascii(path(envelope.sender.path))) return true;
  return std::any_of(envelope.recipients.begin(), envelope.recipients.end(), [](const auto& r) { return !is_ascii(path(r.path)); });
}

Result<void, Unsendable> check_sendable(const types::Envelope& envelope, ByteCount size, const Capabilities& peer, TlsState tls) {
  const types::Sender& sender = envelope.sender;
  if (envelope.recipients.empty()) return unsendable({5, 5, 1}, "the message has no recipients");
  std::string paths = path(sender.path);
  for (const types::Recipient& recipient : envelope.recipients) paths += path(recipient.path);
  if (!is_clean(paths)) return unsendable({5, 1, 3}, "an address holds control characters");
  if (sender.require_tls == types::RequireTls::yes) {  // RFC 8689 4.2.1, RTL-03
    if (tls == TlsState::clear) return unsendable({5, 7, 10}, "the message requires TLS and this session has none");
    if (!peer.has(Extension::requiretls)) return unsendable({5, 7, 30}, "the server does not offer REQUIRETLS");
  }
  if (sender.body == types::BodyKind::binary_mime) return unsendable({5, 6, 3}, "binary bodies are not sent");
  if (sender.body == types::BodyKind::eight_bit_mime && !peer.has(Extension::eight_bit_mime)) {  // RFC 6152 3
    return unsendable({5, 6, 3}, "the body is 8-bit and the server does not offer 8BITMIME");
  }
  if (needs_smtputf8(envelope) && !(peer.has(Extension::smtputf8) && peer.has(Extension::eight_bit_mime))) {  // RFC 6531 3.1, SMTP-10
    return unsendable({5, 6, 7}, "the message needs SMTPUTF8 and the server does not offer it");
  }
  if (peer.size_limit() && size > *peer.size_limit()) {  // RFC 1870 6.1
    return unsendable({5, 3, 4}, "the message is larger than the server takes");
  }
  return {};
}

std::string mail_command(const types::Sender& sender, ByteCount size, const Capabilities& peer) {
  std::string out = "MAIL FROM:" + path(sender.path);
  if (peer.has(Extension::size) && size != ByteCount{0}) out += " SIZE=" + std::to_string(static_cast<std::uint64_t>(size));
  if (sender.body == types::BodyKind::eight_bit_mime) out += " BODY=8BITMIME";
  if (sender.utf8 == types::Smtputf8::yes) out += " SMTPUTF8";
  if (sender.require_tls == types::RequireTls::yes) out += " REQUIRETLS";
  if (peer.has(Extension::dsn)) {
    if (sender.dsn_return != types::DsnReturn::unspecified) {
      out += sender.dsn_return == types::DsnReturn::full ? " RET=FULL" : " RET=HDRS";
    }
    if (sender.envelope_id) out += " ENVID=" + encode_xtext(*sender.envelope_id);
  }
  return out + "\r\n";
}

std::string rcpt_command(const types::Recipient& recipient, const Capabilities& peer) {
  std::string out = "RCPT TO:" + path(recipient.path);
  if (peer.has(Extension::dsn)) {
    const types::DsnNotify& notify = recipient.notify;
    if (notify.specified) {
      std::string words;
      if (notify.never) words = ",NEVER";
      if (notify.success) words += ",SUCCESS";
      if (notify.failure) words += ",FAILURE";
      if (notify.delay) words += ",DELAY";
      if (!words.empty()) out += " NOTIFY=" + words.substr(1);
    }
    if (recipient.original) {
      const auto& [kind, address] = *recipient.original;
      out += " ORCPT=" + kind + ";" + (is_utf8_type(kind) ? encode_utf8_address(address) : encode_xtext(address));
    }
  }
  return out + "\r\n";
}

}  // namespace danewerk::engine::smtp
