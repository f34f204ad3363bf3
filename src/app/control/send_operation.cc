#include <algorithm>

#include "app/control/operations.h"
#include "engine/smtp/blind_copies.h"
#include "engine/smtp/line_rules.h"
#include "engine/smtp/message_id_reader.h"
#include "engine/smtp/tls_required.h"
#include "io/text/idna.h"

namespace danewerk::app {
namespace {

constexpr std::size_t header_kept = 64 * 1024;

/// What has to be known of a message before it is accepted, seen while it streams past.
class Passing {
 public:
  void look(std::string_view octets) {
    rules_.feed(octets);
    tls_required_.feed(octets);
    message_id_.feed(octets);
    if (std::any_of(octets.begin(), octets.end(), [](char c) { return (c & 0x80) != 0; })) eight_bit_ = true;
    if (header_.size() < header_kept && !header_ended()) header_.append(octets.substr(0, header_kept));
  }
  void end() {
    rules_.finish();
    tls_required_.finish();
  }
  const engine::smtp::TlsRequiredField& tls_required() const { return tls_required_; }
  engine::smtp::LineFault fault() const { return rules_.fault(); }
  std::string message_id() const { return message_id_.id(); }
  bool eight_bit() const { return eight_bit_; }
  bool eight_bit_header() const {
    return std::any_of(header_.begin(), header_.begin() + static_cast<std::ptrdiff_t>(header_size()), [](char c) { return (c & 0x80) != 0; });
  }
  /// `name` with its colon, lower case.
  bool has_field(std::string_view name) const {
    std::string lower = "\r\n" + header_.substr(0, header_size());
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return lower.find("\r\n" + std::string(name)) != std::string::npos;
  }

 private:
  bool header_ended() const { return header_.starts_with("\r\n") || header_.find("\r\n\r\n") != std::string::npos; }
  /// RFC 5322 2.1: an empty line at the very beginning means that there is no header, only text.
  std::size_t header_size() const { return header_.starts_with("\r\n") ? 0 : std::min(header_.size(), header_.find("\r\n\r\n")); }

  engine::smtp::LineRules rules_;
  engine::smtp::MessageIdReader message_id_;
  engine::smtp::TlsRequiredField tls_required_;
  std::string header_;
  bool eight_bit_ = false;
};

Result<types::NewMessage> message_from(const OperatedParts& parts, const Json& arguments, Instant now) {
  TRY(const std::string from, text_argument(arguments, "from"));
  TRY(types::Mailbox sender, parse_mailbox_text(from));
  const auto domains = parts.domains.snapshot();
  const auto* name = std::get_if<types::DomainName>(&sender.domain());
  const types::AcceptedDomain* own = name ? domains->find(*name) : nullptr;
  if (!own) {
    return fail(ErrorKind::denied, types::to_string(sender.domain()) + " is not one of our domains: mail is only sent for those; see `danewerk domain add`");
  }
  if (const types::Suspension* suspension = domains->suspension(own->tenant)) {
    return fail(ErrorKind::denied, "tenant " + own->tenant.to_string() + " is suspended since " + to_rfc3339(suspension->at) + " by " + suspension->who + ": " +
                                       suspension->why + "; see `danewerk tenant resume`");
  }
  types::NewMessage message{own->tenant, types::Origin::submission, {}, {}, now, now, {}};
  bool utf8 = sender.needs_smtputf8();
  message.envelope.sender.path = std::move(sender);
  if (!arguments.contains("to") || !arguments["to"].is_array() || arguments["to"].empty()) {
    return fail(ErrorKind::malformed, "name at least one recipient");
  }
  for (const Json& one : arguments["to"]) {
    TRY(types::Mailbox mailbox, parse_mailbox_text(one.is_string() ? one.get<std::string>() : ""));
    utf8 = utf8 || mailbox.needs_smtputf8();
    const auto* domain = std::get_if<types::DomainName>(&mailbox.domain());
    message.hops.push_back(domain && domains->find(*domain) ? service::route_key(*domain) : service::mx_key(mailbox.domain()));
    message.envelope.recipients.push_back({std::move(mailbox), {}, {}});
  }
  if (utf8) message.envelope.sender.utf8 = types::Smtputf8::yes;
  TRY(const bool require_tls, flag_argument(arguments, "require_tls"));
  TRY(const bool waived, flag_argument(arguments, "tls_required_no"));
  if (require_tls && waived) return fail(ErrorKind::malformed, "a message cannot both require TLS and say TLS-Required: No");
  if (require_tls) message.envelope.sender.require_tls = types::RequireTls::yes;
  if (waived) message.envelope.sender.require_tls = types::RequireTls::waived;
  return message;
}

std::string own_message_id(const OperatedParts& parts, const types::QueueId& id) { return id.to_string() + "@" + parts.hostname; }

/// RFC 8689 4.1, 4.3: the header field makes the tag, the tag (by option) the header field; REQUIRETLS wins over both (RTL-02).
Result<void> settle_tls_required(const OperatedParts& parts, const Passing& seen, types::NewMessage& message) {
  types::RequireTls& tag = message.envelope.sender.require_tls;
  if (tag == types::RequireTls::yes) return {};
  if (tag == types::RequireTls::waived && seen.tls_required().count() > 0 && !seen.tls_required().waives()) {
    return fail(ErrorKind::malformed, "the message has a TLS-Required field that does not say No, or more than one (RFC 8689 3)");
  }
  if (tag == types::RequireTls::waived && seen.tls_required().count() == 0) message.prepended += "TLS-Required: No\r\n";
  if (seen.tls_required().waives()) tag = types::RequireTls::waived;
  if (tag == types::RequireTls::waived && parts.delivery.rules.waivers == types::WaiverUse::refuse) {
    return fail(ErrorKind::denied, "TLS-Required: No is not taken here: delivery.tls_required_no is \"refuse\"");
  }
  return {};
}

/// RFC 5321 4.4; RFC 6409 8 for the fields a submission may lack.
std::string prepended_lines(const OperatedParts& parts, const Passing& seen, const types::Mailbox& sender, const types::QueueId& id, Instant now) {
  const std::string date = to_rfc5322(now);
  std::string out = "Received: by " + parts.hostname + " (Danewerk)\r\n\tid " + id.to_string() + "; " + date + "\r\n";
  if (!seen.has_field("date:")) out += "Date: " + date + "\r\n";
  if (!seen.has_field("message-id:")) out += "Message-ID: <" + own_message_id(parts, id) + ">\r\n";
  if (!seen.has_field("from:")) out += "From: <" + sender.to_string() + ">\r\n";  // RFC 5322 3.6: without it many refuse the message
  return out;
}

io::Task<Result<Json>> send(OperatedParts& parts, Call& call) {
  const Instant now = parts.delivery.clock.now();
  CO_TRY(types::NewMessage message, message_from(parts, call.request.arguments, now));
  CO_TRY_VOID(parts.store.has_room(ByteCount{call.body.left()}));
  io::BodyWriter body = parts.queue.begin(now);
  const auto signing = parts.signer ? parts.signer->begin(message.tenant) : nullptr;
  Passing seen;
  engine::smtp::BlindCopies blind;
  for (bool ended = false; !ended;) {
    CO_TRY(std::string_view piece, co_await call.body.next());
    ended = piece.empty();
    piece = ended ? blind.rest() : blind.pass(piece);
    if (piece.empty()) continue;
    seen.look(piece);
    if (signing) signing->feed(piece);
    CO_TRY_VOID(co_await body.append(piece));
  }
  seen.end();
  if (seen.fault() != engine::smtp::LineFault::none) {
    co_return fail(ErrorKind::malformed, std::string("the message holds ") + to_string(seen.fault()) +
                                              (seen.fault() == engine::smtp::LineFault::nul ? "" : "; lines end in CRLF (RFC 5321 2.3.8)"));
  }
  if (seen.eight_bit()) message.envelope.sender.body = types::BodyKind::eight_bit_mime;
  if (seen.eight_bit_header()) message.envelope.sender.utf8 = types::Smtputf8::yes;
  message.prepended = prepended_lines(parts, seen, *message.envelope.sender.path, body.id(), now);
  CO_TRY_VOID(settle_tls_required(parts, seen, message));
  message.message_id = seen.has_field("message-id:") ? seen.message_id() : own_message_id(parts, body.id());
  message.arrival = object({{"by", call.who}}).dump(-1, ' ', false, Json::error_handler_t::replace);
  dkim::Signed signature;
  if (signing) signature = signing->finish(message.prepended, now);
  message.prepended.insert(0, signature.fields);
  CO_TRY(types::QueueId id, co_await parts.queue.accept(std::move(message), std::move(body)));
  parts.scheduler.wake();
  Json answer = object({{"id", id.to_string()}});
  if (!signature.what.empty()) put(answer, {"dkim", signature.what});
  co_return answer;
}

}  // namespace

Result<types::Mailbox> parse_mailbox_text(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || at + 1 == text.size() || text[at + 1] == '[') return types::Mailbox::parse(text, types::Smtputf8::yes);
  TRY(const types::DomainName domain, io::to_a_labels(text.substr(at + 1)));
  return types::Mailbox::parse(text.substr(0, at + 1) + domain.to_string(), types::Smtputf8::yes);
}

void add_send_operation(Operations& operations, OperatedParts& parts) {
  operations["send"] = [&parts](Call& call) { return send(parts, call); };
}

}  // namespace danewerk::app
