#include <algorithm>

#include "engine/dsn/human_part.h"
#include "engine/dsn/notice.h"
#include "engine/dsn/returned.h"
#include "engine/dsn/status_part.h"

namespace danewerk::dsn {
using namespace types;

namespace {

const char* subject(const DsnInput& input) {
  bool delayed = false;
  bool relayed = false;
  for (const Told& told : input.told) {
    if (told.action == Action::failed) return "Your message could not be delivered";
    delayed = delayed || told.action == Action::delayed;
    relayed = relayed || told.action == Action::relayed;
  }
  if (delayed) return "Your message has not been delivered yet";
  return relayed ? "Your message has been passed on" : "Your message has been delivered";
}

std::string header(const DsnInput& input, const std::string& id, Letters letters) {
  const std::string host = input.reporting_mta.to_string();
  std::string out = field("Date", to_rfc5322(input.now), letters);
  out += field("From", "Mail Delivery System <MAILER-DAEMON@" + host + ">", letters);
  out += field("To", "<" + to_string(input.sender.path) + ">", letters);
  out += field("Message-ID", "<" + id + "@" + host + ">", letters);
  out += field("Subject", subject(input), letters);
  out += field("Auto-Submitted", "auto-replied", letters);  // RFC 3834 5
  out += field("MIME-Version", "1.0", letters);
  return out;
}

}  // namespace

Notice compose(const DsnInput& input) {
  CHECK(input.sender.path.has_value() && !input.told.empty());
  const bool needs_utf8 = input.sender.path->needs_smtputf8();
  const Letters letters = needs_utf8 ? Letters::utf8 : Letters::ascii;
  const Returned returned = returned_part(input, letters);
  const std::vector<Part> parts{human_part(input, returned), status_part(input, letters), returned.part};

  const bool eight_bit = needs_utf8 || std::any_of(parts.begin(), parts.end(), [](const Part& part) {
    return part.encoding == TransferEncoding::eight_bit;
  });
  std::string id = plain_id(input.id);
  if (id.empty()) id = "notice";
  const std::string boundary = boundary_for(id, parts);
  Notice notice{std::nullopt, *input.sender.path, needs_utf8 ? Smtputf8::yes : Smtputf8::no,
                eight_bit ? BodyKind::eight_bit_mime : BodyKind::seven_bit, RequireTls::no, {}};
  // RFC 8689 5, RTL-05. TLS-Required: No was said of the recipients' policies, not of the sender's own: no notice inherits it.
  if (input.sender.require_tls == RequireTls::yes) notice.require_tls = RequireTls::yes;
  notice.message = header(input, id, letters);
  notice.message += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" + boundary + "\"\r\n";
  notice.message += std::string("Content-Transfer-Encoding: ") + (eight_bit ? "8bit" : "7bit") + "\r\n\r\n";
  notice.message += "This is a notice in several parts (MIME, RFC 3464).\r\n\r\n" + multipart(boundary, parts);
  return notice;
}

}  // namespace danewerk::dsn
