#include "engine/smtp/parameters.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/smtp/reply_text.h"
#include "engine/smtp/xtext.h"

namespace danewerk::engine::smtp {
namespace {

constexpr std::size_t max_envid = 100;  // RFC 3461 4.4
constexpr std::size_t max_orcpt = 500;  // RFC 3461 4.2
constexpr std::size_t max_size_digits = 20;  // RFC 1870 5

using Fault = std::optional<types::Reply>;

Fault bad(std::string_view text) { return make_reply(501, {5, 5, 4}, text); }

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool same(std::string_view text, std::string_view keyword) {
  return text.size() == keyword.size() &&
         std::equal(text.begin(), text.end(), keyword.begin(), [](char a, char b) { return upper(a) == b; });
}

struct Parameter {
  std::string_view keyword;
  std::optional<std::string_view> value;
};

/// Takes the next parameter off the front; nothing at the end.
std::optional<Parameter> take_parameter(std::string_view& text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return Parameter{word, std::nullopt};
  return Parameter{word.substr(0, equals), word.substr(equals + 1)};
}

Fault read_size(const Parameter& p, const Dialect& dialect, types::Sender& sender) {
  const std::string_view digits = p.value.value_or("");
  const bool numeric = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits.empty() || !numeric || digits.size() > max_size_digits) return bad("SIZE takes up to 20 digits");  // RFC 1870 5
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t size = 0;
  for (char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    size = size > (most - digit) / 10 ? most : size * 10 + digit;
  }
  if (dialect.message_limit != ByteCount{0} && ByteCount{size} > dialect.message_limit) {
    return make_reply(552, {5, 3, 4}, "message exceeds the size announced in SIZE");  // RFC 1870 6.1
  }
  sender.declared_size = ByteCount{size};
  return std::nullopt;
}

Fault read_body(const Parameter& p, const Dialect&, types::Sender& sender) {
  const std::string_view value = p.value.value_or("");
  if (same(value, "BINARYMIME")) return make_reply(504, {5, 5, 4}, "BODY=BINARYMIME is not offered");  // RFC 3030 3
  if (!same(value, "7BIT") && !same(value, "8BITMIME")) return bad("BODY is 7BIT or 8BITMIME");  // RFC 6152 2
  sender.body = same(value, "7BIT") ? types::BodyKind::seven_bit : types::BodyKind::eight_bit_mime;
  return std::nullopt;
}

Fault read_smtputf8(const Parameter& p, const Dialect&, types::Sender& sender) {
  if (p.value) return bad("SMTPUTF8 takes no value");  // RFC 6531 3.4
  sender.utf8 = types::Smtputf8::yes;
  return std::nullopt;
}

Fault read_ret(const Parameter& p, const Dialect&, types::Sender& sender) {
  const std::string_view value = p.value.value_or("");
  if (!same(value, "FULL") && !same(value, "HDRS")) return bad("RET is FULL or HDRS");  // RFC 3461 4.3
  sender.dsn_return = same(value, "FULL") ? types::DsnReturn::full : types::DsnReturn::headers;
  return std::nullopt;
}

Fault read_envid(const Parameter& p, const Dialect&, types::Sender& sender) {
  const std::string_view value = p.value.value_or("");
  if (value.empty() || value.size() > max_envid) return bad("ENVID takes 1 to 100 characters of xtext");  // RFC 3461 4.4
  auto decoded = decode_xtext(value);
  if (!decoded) return bad("ENVID: " + decoded.error().what);
  sender.envelope_id = *std::move(decoded);
  return std::nullopt;
}

Fault read_requiretls(const Parameter& p, const Dialect& dialect, types::Sender& sender) {
  // RFC 8689 2, RTL-01: known only inside TLS; the keyword has no value.
  if (dialect.tls == TlsState::clear) return make_reply(530, {5, 7, 10}, "REQUIRETLS needs TLS: say STARTTLS first");
  if (p.value) return bad("REQUIRETLS takes no value");
  sender.require_tls = types::RequireTls::yes;
  return std::nullopt;
}

Fault read_notify(const Parameter& p, const Dialect&, types::Recipient& recipient) {
  std::string_view rest = p.value.value_or("");
  types::DsnNotify notify;
  for (bool more = true; more;) {  // RFC 3461 4.1
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : rest.size());
    bool* flag = same(word, "NEVER")     ? &notify.never
                 : same(word, "SUCCESS") ? &notify.success
                 : same(word, "FAILURE") ? &notify.failure
                 : same(word, "DELAY")   ? &notify.delay
                                         : nullptr;
    if (flag == nullptr || *flag) return bad("NOTIFY is NEVER, or SUCCESS, FAILURE, DELAY once each");
    *flag = true;
  }
  if (notify.never && (notify.success || notify.failure || notify.delay)) return bad("NOTIFY=NEVER stands alone");
  notify.specified = true;
  recipient.notify = notify;
  return std::nullopt;
}

Fault read_orcpt(const Parameter& p, const Dialect& dialect, types::Recipient& recipient) {
  const std::string_view value = p.value.value_or("");
  const std::size_t semicolon = value.find(';');
  if (value.size() > max_orcpt || semicolon == 0 || semicolon == std::string_view::npos || semicolon + 1 == value.size()) {
    return bad("ORCPT is address-type;xtext of at most 500 characters");  // RFC 3461 4.2
  }
  const std::string_view kind = value.substr(0, semicolon);
  const std::string_view text = value.substr(semicolon + 1);
  const auto is_atom = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (!std::all_of(kind.begin(), kind.end(), is_atom)) return bad("ORCPT: the address type is a word like rfc822");
  auto address = same(kind, "UTF-8") ? decode_utf8_address(text, dialect.utf8) : decode_xtext(text);  // RFC 6533 3
  if (!address) return bad("ORCPT: " + address.error().what);
  recipient.original = types::OriginalRecipient{std::string(kind), *std::move(address)};
  return std::nullopt;
}

template <class Target>
struct ParameterRow {
  std::string_view keyword;
  Fault (*read)(const Parameter&, const Dialect&, Target&);
};

constexpr std::array<ParameterRow<types::Sender>, 6> mail_rows{{{"SIZE", read_size},
                                                       {"BODY", read_body},
                                                       {"SMTPUTF8", read_smtputf8},
                                                       {"RET", read_ret},
                                                       {"ENVID", read_envid},
                                                       {"REQUIRETLS", read_requiretls}}};
constexpr std::array<ParameterRow<types::Recipient>, 2> rcpt_rows{{{"NOTIFY", read_notify}, {"ORCPT", read_orcpt}}};

template <class Target, std::size_t n>
Result<Target, types::Reply> parse(std::string_view text, const Dialect& dialect, const std::array<ParameterRow<Target>, n>& rows,
                                    Target target) {
  unsigned seen = 0;
  while (const auto parameter = take_parameter(text)) {
    std::size_t row = 0;
    while (row < n && !same(parameter->keyword, rows[row].keyword)) ++row;
    if (row == n) {
      return Failure{make_reply(555, {5, 5, 4}, "parameter not recognized: " + std::string(parameter->keyword.substr(0, 40)))};
    }
    if ((seen & 1U << row) != 0) return Failure{*bad(std::string(rows[row].keyword) + " is given twice")};  // RFC 3461 4
    seen |= 1U << row;
    if (auto fault = rows[row].read(*parameter, dialect, target)) return Failure{*std::move(fault)};
  }
  return target;
}

}  // namespace

Result<types::Sender, types::Reply> parse_mail_parameters(std::string_view text, const Dialect& dialect) {
  return parse(text, dialect, mail_rows, types::Sender{});
}

Result<types::Recipient, types::Reply> parse_rcpt_parameters(std::string_view text, const Dialect& dialect) {
  return parse(text, dialect, rcpt_rows, types::Recipient{types::Postmaster{}, {}, {}});
}

}  // namespace danewerk::engine::smtp
