#include "engine/dsn/returned.h"

#include <algorithm>

namespace danewerk::dsn {
using namespace types;

namespace {

/// RFC 3461 4.3, 6.2: the whole message only with a failure.
bool wants_whole(const DsnInput& input) {
  if (input.sender.require_tls == RequireTls::yes) return false;  // RTL-05, RFC 8689 5
  const bool failure = std::any_of(input.told.begin(), input.told.end(),
                                   [](const Told& told) { return told.action == Action::failed; });
  return failure && input.sender.dsn_return == DsnReturn::full && input.extent == Extent::whole &&
         input.original.size() <= input.limits.message;
}

/// A message with a UTF-8 header is message/global (RFC 6533 4.2, 4.3); one that merely holds 8-bit octets is not.
bool has_global_header(const DsnInput& input, std::string_view header) {
  return input.sender.utf8 == Smtputf8::yes && !is_ascii(header);
}

Part global_part(std::string content_type, std::string_view octets, Letters letters) {
  if (letters == Letters::utf8 && makeup_of(octets) == Makeup::eight_bit) {
    return {std::move(content_type), TransferEncoding::eight_bit, std::string(octets)};
  }
  return seven_bit_part(std::move(content_type), octets);  // RFC 6533 4.5
}

}  // namespace

Header header_of(std::string_view original, std::size_t max) {
  std::size_t kept = 0;  // the fields that end here are complete
  for (std::size_t at = 0; at < original.size();) {
    const std::size_t newline = original.find("\r\n", at);
    if (newline == at) return {original.substr(0, at), false};  // the empty line
    if (newline == std::string_view::npos) return {original.substr(0, kept), true};  // a line without its end
    const std::size_t end = newline + 2;
    const bool continued = end < original.size() && (original[end] == ' ' || original[end] == '\t');
    if (end > max) return {original.substr(0, kept), true};
    if (!continued) kept = end;
    at = end;
  }
  return {original.substr(0, kept), false};
}

Returned returned_part(const DsnInput& input, Letters letters) {
  Returned out;
  const Header header = header_of(input.original, input.limits.header);
  const bool global = has_global_header(input, header.octets);
  const Makeup makeup = makeup_of(input.original);
  out.whole = wants_whole(input) && makeup != Makeup::binary;
  if (out.whole && global) {
    out.part = global_part("message/global", input.original, letters);
  } else if (out.whole) {  // message/rfc822 is never encoded (RFC 2046 5.2.1)
    const auto encoding = makeup == Makeup::eight_bit ? TransferEncoding::eight_bit : TransferEncoding::seven_bit;
    out.part = {"message/rfc822", encoding, input.original};
  } else if (global) {
    out.part = global_part("message/global-headers", header.octets, letters);
  } else {
    out.part = seven_bit_part("text/rfc822-headers", header.octets);  // RFC 6522 4
  }
  out.cut = !out.whole && header.cut;
  return out;
}

}  // namespace danewerk::dsn
