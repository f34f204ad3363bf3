#include "types/connector.h"

#include <array>
#include <span>

namespace danewerk::types {
namespace {

constexpr std::string_view everybody = "*";

template <class Mode>
Result<Mode> parse_word(std::string_view text, std::span<const Mode> modes) {
  std::string words;
  for (const Mode mode : modes) {
    if (text == to_string(mode)) return mode;
    words += (words.empty() ? "" : ", ") + std::string(to_string(mode));
  }
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 80)) + "' is none of " + words);
}

}  // namespace

Result<ConnectorId> ConnectorId::parse(std::string_view text) {
  // The same narrow alphabet as a tenant's id, for the same reasons.
  auto id = TenantId::parse(text);
  if (id) return ConnectorId(id->text());
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 80)) +
                                        "' is no name for a connector: use 1 to 64 of a-z, 0-9, and inside also . _ -");
}

Result<RecipientPattern> RecipientPattern::parse(std::string_view text) {
  RecipientPattern pattern;
  if (text == everybody) return pattern;
  pattern.kind_ = text.starts_with("*.") ? Kind::subdomains : Kind::domain;
  const std::string_view name = pattern.kind_ == Kind::subdomains ? text.substr(2) : text;
  const auto bad = [text](const std::string& why) {
    return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 300)) + "' names no recipient domains: " + why +
                                          "; write example.com, *.example.com or *");
  };
  if (name.find('*') != std::string_view::npos) return bad("a * stands alone or as the whole first label");
  if (name.find('@') != std::string_view::npos) return bad("rules go by domain, not by address");
  if (IpAddress::parse(name)) return bad("it is an IP address");
  auto parsed = DomainName::parse(name);
  if (!parsed) return bad(parsed.error().what);
  if (parsed->is_root()) return bad("the root takes no mail");
  pattern.name_ = *std::move(parsed);
  return pattern;
}

std::string RecipientPattern::to_string() const {
  if (kind_ == Kind::everything) return std::string(everybody);
  return (kind_ == Kind::subdomains ? "*." : "") + name_.to_string();
}

bool RecipientPattern::matches(const MailDomain& domain) const noexcept {
  if (kind_ == Kind::everything) return true;
  const auto* name = std::get_if<DomainName>(&domain);
  if (name == nullptr) return false;
  return kind_ == Kind::domain ? *name == name_ : *name != name_ && name->is_within(name_);
}

bool RecipientPattern::covers(const RecipientPattern& other) const noexcept {
  if (kind_ == Kind::everything) return true;
  if (other.kind_ == Kind::everything) return false;
  if (kind_ == Kind::domain) return other.kind_ == Kind::domain && other.name_ == name_;
  return other.name_.is_within(name_) && (other.kind_ == Kind::subdomains || other.name_ != name_);
}

std::vector<RecipientPattern> RecipientPattern::covering() const {
  std::vector<RecipientPattern> out{*this};
  if (kind_ == Kind::everything) return out;
  for (DomainName above = name_.parent(); !above.is_root(); above = above.parent()) {
    RecipientPattern wider;
    wider.kind_ = Kind::subdomains;
    wider.name_ = above;
    out.push_back(std::move(wider));
  }
  out.emplace_back();
  return out;
}

std::string to_string(const ConnectorOwner& owner) { return owner ? owner->text() : std::string(everybody); }

Result<ConnectorOwner> parse_owner(std::string_view text) {
  if (text == everybody) return ConnectorOwner{};
  TRY(TenantId tenant, TenantId::parse(text));
  return ConnectorOwner(std::move(tenant));
}

Result<DaneMode> parse_dane_mode(std::string_view text) {
  constexpr std::array modes{DaneMode::opportunistic, DaneMode::mandatory, DaneMode::none, DaneMode::audit};
  return parse_word<DaneMode>(text, modes);
}

Result<StsMode> parse_sts_mode(std::string_view text) {
  constexpr std::array modes{StsMode::opportunistic, StsMode::mandatory, StsMode::none, StsMode::audit};
  return parse_word<StsMode>(text, modes);
}

Result<TlsMode> parse_tls_mode(std::string_view text) {
  constexpr std::array modes{TlsMode::opportunistic, TlsMode::require, TlsMode::verify};
  return parse_word<TlsMode>(text, modes);
}

}  // namespace danewerk::types
