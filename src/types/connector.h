// Connector: a rule of the operator for mail to some domains: what is demanded there, and which way it goes.
//
// Without rules every destination is treated as the standards have it: DANE and MTA-STS where they are published, TLS
// where it is offered. A rule says otherwise for one domain, for what lies below one, or for all: stricter ("this
// partner only by DANE"), looser ("that one's DNSSEC is broken, until Friday"), or another way ("by this smart host").
// Rules belong to one tenant or to all, stand in an order, and say who made them and why.
//
// The first rule that matches decides alone: what it does not name has its default, and nothing is inherited from the
// rules behind it. A rule in the store that cannot be read (BrokenConnector) is kept as such: mail that it may have been
// meant for waits, for nobody knows whether it was the strict one.
//
// RFC 7672 2.2 (policy is by next hop), 6, 9.1; RFC 8461 3, 5; issue 3 item 5.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/instant.h"
#include "types/fault.h"
#include "types/finding.h"
#include "types/next_hop.h"
#include "types/rules.h"
#include "types/tenant.h"

namespace danewerk::types {

/// The rule's name, given by whoever makes it: 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit.
class ConnectorId {
 public:
  /// Upper case is lowered. Error: malformed.
  static Result<ConnectorId> parse(std::string_view text);
  const std::string& to_string() const noexcept { return text_; }
  friend auto operator<=>(const ConnectorId&, const ConnectorId&) = default;

 private:
  explicit ConnectorId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Which recipient domains a rule is for.
class RecipientPattern {
 public:
  enum class Kind : std::uint8_t {
    domain,      ///< "example.com": this domain and no other
    subdomains,  ///< "*.example.com": everything below it, at any depth, but not itself
    everything,  ///< "*": all domains, and address literals too
  };

  /// Everything.
  RecipientPattern() = default;
  /// Error: malformed, if it is none of the three, or the name is an address or the root.
  static Result<RecipientPattern> parse(std::string_view text);
  std::string to_string() const;

  bool matches(const MailDomain& domain) const noexcept;
  /// True where every domain that `other` matches is matched by this one too.
  bool covers(const RecipientPattern& other) const noexcept;
  /// Itself and all that cover it, by and by wider: what to look up to find them among many.
  std::vector<RecipientPattern> covering() const;
  /// True where some domain is matched by both.
  bool overlaps(const RecipientPattern& other) const noexcept { return covers(other) || other.covers(*this); }

  friend auto operator<=>(const RecipientPattern&, const RecipientPattern&) = default;

 private:
  Kind kind_ = Kind::everything;
  DomainName name_;
};

/// The tenant whose mail the rule is for; nothing: everybody's.
using ConnectorOwner = std::optional<TenantId>;
/// The tenant's id, or "*".
std::string to_string(const ConnectorOwner& owner);
/// What to_string() wrote. Error: malformed.
Result<ConnectorOwner> parse_owner(std::string_view text);

struct Connector {
  ConnectorId id;
  ConnectorOwner owner;
  std::uint32_t place = 0;  ///< from 1, within its owner's rules
  RecipientPattern pattern;
  DaneMode dane = DaneMode::opportunistic;
  StsMode mta_sts = StsMode::opportunistic;
  TlsMode tls = TlsMode::opportunistic;
  std::vector<ReferenceName> verify_names;  ///< with TlsMode::verify; empty: the host's own name
  std::optional<NextHop> smart_host;        ///< nothing: by MX
  std::vector<IpAddress> source;            ///< our end of the connection, at most one of each family
  std::string author;
  std::string reason;                       ///< one line
  Instant created{};
  std::optional<Instant> expires;           ///< from then on the rule is as if it were not there
  std::string pool{};                       ///< the source pool of the configuration to send from; empty: the default

  /// From the instant itself on.
  bool has_expired(Instant now) const noexcept { return expires && *expires <= now; }
  friend bool operator==(const Connector&, const Connector&) = default;
};

/// A stored rule that cannot be read. What of it could be read narrows whose mail waits for its repair.
struct BrokenConnector {
  std::string id;                           ///< as stored
  std::optional<ConnectorOwner> owner;      ///< nothing: it may have been anybody's
  std::uint32_t place = 0;
  std::optional<RecipientPattern> pattern;  ///< nothing: it may have been for any domain
  std::string fault;                        ///< which column, and why
  friend bool operator==(const BrokenConnector&, const BrokenConnector&) = default;
};

using StoredConnector = std::variant<Connector, BrokenConnector>;

/// What a change of the rules does, for the store and its ledger.
struct ConnectorEdit {
  struct Note {  ///< one ledger row
    ConnectorOwner owner;
    std::string action;   ///< "connector.add", "connector.set", "connector.move", "connector.remove"
    std::string subject;  ///< the rule's id
    std::string detail;   ///< JSON
    friend bool operator==(const Note&, const Note&) = default;
  };
  std::vector<Connector> put;        ///< new or changed, whole
  std::vector<std::string> removed;  ///< ids
  std::vector<Note> notes;
  friend bool operator==(const ConnectorEdit&, const ConnectorEdit&) = default;
};

/// Which rule decided, as it is kept with a plan and its evidence.
struct DecidingRule {
  ConnectorId id;
  ConnectorOwner owner;
  std::string reason;
  friend bool operator==(const DecidingRule&, const DecidingRule&) = default;
};

/// What holds for one tenant's mail to one domain now.
struct DeliveryTerms {
  MessageDemands demands;             ///< without the message's own (REQUIRETLS)
  std::optional<NextHop> smart_host;  ///< instead of the recipient's domain
  std::vector<IpAddress> source;      ///< instead of the configured ones; empty: those
  std::string pool;                   ///< instead of the default one, where no source is given
  std::optional<DecidingRule> rule;   ///< nothing: no rule matches, all is default
  std::optional<Fault> fault;         ///< the rules cannot be told: the mail waits
  std::vector<Finding> findings;      ///< rules that would have decided, had they not expired; one that cannot be read
};

/// The words of to_string(). Errors: malformed, listing the words.
Result<DaneMode> parse_dane_mode(std::string_view text);
Result<StsMode> parse_sts_mode(std::string_view text);
Result<TlsMode> parse_tls_mode(std::string_view text);

}  // namespace danewerk::types
