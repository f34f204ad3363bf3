// Mailbox, ReversePath, ForwardPath: who mail is from and to, as MAIL and RCPT name them.
//
// RFC 5321 4.1.2 (grammar), 4.5.3.1 (64 octets before the @, 255 behind, 256 in all), RFC 6531 3.3 (UTF-8). Source
// routes are parsed and dropped (RFC 5321 4.1.1.3). Quoted local parts are kept as their value, and quoted again only
// where they need it: two spellings of one mailbox are equal. The domain keeps the dress it came in for display
// (U-labels) beside the A-labels everything else uses.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "types/domain_name.h"
#include "types/ip_address.h"

namespace danewerk::types {

/// A mail domain: a name, or an address literal "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3).
using MailDomain = std::variant<DomainName, IpAddress>;
std::string to_string(const MailDomain& domain);

enum class Smtputf8 : std::uint8_t { no, yes };

class Mailbox {
 public:
  /// local-part "@" domain. UTF-8 in either part needs Smtputf8::yes; U-label domains are refused here with an error
  /// that says so unless already converted (io/text does that before). Error: malformed, saying where.
  static Result<Mailbox> parse(std::string_view text, Smtputf8 utf8 = Smtputf8::no);

  /// `local_part` is the unquoted value.
  Mailbox(std::string local_part, MailDomain domain) : local_part_(std::move(local_part)), domain_(std::move(domain)) {}

  const std::string& local_part() const noexcept { return local_part_; }
  const MailDomain& domain() const noexcept { return domain_; }
  /// True where the local part holds anything beyond ASCII: such mail needs SMTPUTF8 (RFC 6531 3.5).
  bool needs_smtputf8() const noexcept;
  /// Quoted where needed; what goes between < and >.
  std::string to_string() const;

  friend auto operator<=>(const Mailbox&, const Mailbox&) = default;

 private:
  std::string local_part_;
  MailDomain domain_;
};

/// Empty is the null reverse-path "<>" of notifications (RFC 5321 4.5.5).
using ReversePath = std::optional<Mailbox>;
/// "<>" or the mailbox, without angle brackets for the latter.
std::string to_string(const ReversePath& path);

/// A recipient. RCPT TO:<Postmaster> without a domain is kept as such and always accepted (RFC 5321 4.5.1).
struct Postmaster {
  friend auto operator<=>(const Postmaster&, const Postmaster&) = default;
};
using ForwardPath = std::variant<Mailbox, Postmaster>;
std::string to_string(const ForwardPath& path);

}  // namespace danewerk::types
