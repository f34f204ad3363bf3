#include "types/mailbox.h"

#include <algorithm>

namespace danewerk::types {
namespace {

constexpr std::size_t max_local_part = 64;  // RFC 5321 4.5.3.1.1
constexpr std::size_t max_path = 254;       // RFC 5321 4.5.3.1.3, less the two angle brackets
constexpr std::string_view atext_specials = "!#$%&'*+-/=?^_`{|}~";

bool is_non_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool is_atext(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || is_non_ascii(c) ||
         atext_specials.find(c) != std::string_view::npos;
}

Failure<Error> bad_mailbox(std::string_view text, const std::string& why) {
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 320)) + "' is not a mailbox: " + why);
}

/// Octet length of the well-formed UTF-8 sequence at the front (RFC 3629 4), 0 where there is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xbf; };
  const unsigned lead = at(0);
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool in_range = at(1) >= (lead == 0xe0 ? 0xa0U : 0x80U) && at(1) <= (lead == 0xed ? 0x9fU : 0xbfU);
    return in_range && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool in_range = at(1) >= (lead == 0xf0 ? 0x90U : 0x80U) && at(1) <= (lead == 0xf4 ? 0x8fU : 0xbfU);
    return in_range && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = is_non_ascii(text.front()) ? utf8_sequence(text) : 1;
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' ? text[i - 1] == '.' : !is_atext(text[i])) return false;
  }
  return true;
}

/// Reads a Quoted-string at the front and returns its value; the text that follows stays. Nothing if it is not one.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (c == '\\' && (++i == text.size() || text[i] < ' ' || text[i] > '~')) return std::nullopt;
    if (!is_non_ascii(text[i]) && (text[i] < ' ' || text[i] > '~')) return std::nullopt;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

Result<MailDomain> parse_mail_domain(std::string_view text) {
  if (!text.starts_with('[')) {
    if (text.ends_with('.')) return fail(ErrorKind::malformed, "a mail domain does not end in a dot");
    TRY(DomainName name, DomainName::parse(text));
    if (name.text().starts_with('*')) return fail(ErrorKind::malformed, "a mail domain is not a wildcard");
    return MailDomain{std::move(name)};
  }
  if (!text.ends_with(']')) return fail(ErrorKind::malformed, "the address literal is not closed");
  std::string_view inner = text.substr(1, text.size() - 2);
  const bool v6 = inner.size() > 5 && (inner[0] | 0x20) == 'i' && (inner[1] | 0x20) == 'p' && (inner[2] | 0x20) == 'v' &&
                  inner.substr(3, 2) == "6:";
  if (v6) inner.remove_prefix(5);
  TRY(IpAddress address, IpAddress::parse(inner));
  if (v6 != (inner.find(':') != std::string_view::npos)) {
    return fail(ErrorKind::malformed, "write an IPv6 address literal as [IPv6:...]");
  }
  return MailDomain{address};
}

}  // namespace

std::string to_string(const MailDomain& domain) {
  if (const auto* name = std::get_if<DomainName>(&domain)) return name->to_string();
  const auto& address = std::get<IpAddress>(domain);
  return (address.family() == IpAddress::Family::v6 ? "[IPv6:" : "[") + address.to_string() + "]";
}

Result<Mailbox> Mailbox::parse(std::string_view text, Smtputf8 utf8) {
  if (utf8 == Smtputf8::no && std::any_of(text.begin(), text.end(), is_non_ascii)) {
    return bad_mailbox(text, "it needs SMTPUTF8");
  }
  if (!is_utf8(text)) return bad_mailbox(text, "it is not UTF-8");
  if (text.size() > max_path) return bad_mailbox(text, "it is longer than a path may be (256 octets)");
  std::string local_part;
  std::string_view rest = text;
  if (text.starts_with('"')) {
    auto quoted = take_quoted(rest);
    if (!quoted || !rest.starts_with('@')) return bad_mailbox(text, "the quoted local part is not well formed");
    local_part = *std::move(quoted);
  } else {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return bad_mailbox(text, "there is no @");
    local_part = std::string(text.substr(0, at));
    if (!is_dot_string(local_part)) return bad_mailbox(text, "the local part needs quotes or is empty");
    rest.remove_prefix(at);
  }
  if (local_part.size() > max_local_part) return bad_mailbox(text, "the local part is longer than 64 octets");
  auto domain = parse_mail_domain(rest.substr(1));
  if (!domain) return bad_mailbox(text, domain.error().what);
  return Mailbox{std::move(local_part), *std::move(domain)};
}

bool Mailbox::needs_smtputf8() const noexcept { return std::any_of(local_part_.begin(), local_part_.end(), is_non_ascii); }

std::string Mailbox::to_string() const {
  if (is_dot_string(local_part_)) return local_part_ + "@" + types::to_string(domain_);
  std::string quoted = "\"";
  for (char c : local_part_) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"@" + types::to_string(domain_);
}

std::string to_string(const ReversePath& path) { return path ? path->to_string() : "<>"; }

std::string to_string(const ForwardPath& path) {
  const auto* mailbox = std::get_if<Mailbox>(&path);
  return mailbox ? mailbox->to_string() : "postmaster";
}

}  // namespace danewerk::types
