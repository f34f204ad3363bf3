// DomainName: a DNS name as mail software compares it: A-labels, lower case, no trailing dot.
//
// Mail names arrive in many dresses (upper case, a trailing dot, U-labels). They are parsed once, here, and from then on
// equality is equality of strings. Conversion of U-labels belongs to io/text (libidn2); this parser takes ASCII only.
//
// DANE clients go wrong by confusing names: the host that the MX names, the name whose TLSA is asked for, the domain
// the mail is for, and the names the certificate may carry are four different things that often look alike. Each is a
// type of its own below; turning one into another is always written out.
//
// RFC 1035 2.3.4 (sizes), RFC 5890 2.3.2.1 (A-labels), RFC 7672 1.1 (the vocabulary).
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace danewerk::types {

class DomainName {
 public:
  /// The root, written ".".
  DomainName() = default;

  /// Letters, digits, hyphens and underscores; labels of 1 to 63 octets, at most 253 in all; one trailing dot is
  /// dropped; "." is the root; a first label "*" is kept. Error: malformed, naming the label at fault.
  static Result<DomainName> parse(std::string_view text);

  /// "mx.example.com"; the root is ".".
  std::string to_string() const { return name_.empty() ? "." : name_; }
  /// The same without allocating; empty for the root.
  std::string_view text() const noexcept { return name_; }

  bool is_root() const noexcept { return name_.empty(); }
  std::size_t label_count() const noexcept;
  std::vector<std::string_view> labels() const;
  /// Without the first label; the root's parent is the root.
  DomainName parent() const;
  /// True also where both are equal. Everything is within the root.
  bool is_within(const DomainName& ancestor) const noexcept;
  /// `label` must be a valid label or several, already lower case (CHECKed): "_25._tcp".
  DomainName prefixed(std::string_view labels) const;

  friend auto operator<=>(const DomainName&, const DomainName&) = default;

 private:
  explicit DomainName(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

/// A domain name in one role only. Roles do not convert into each other; `.name()` is the explicit way out.
template <class Role>
class NameAs {
 public:
  NameAs() = default;
  explicit NameAs(DomainName name) : name_(std::move(name)) {}
  const DomainName& name() const noexcept { return name_; }
  std::string to_string() const { return name_.to_string(); }
  friend auto operator<=>(const NameAs&, const NameAs&) = default;

 private:
  DomainName name_;
};

/// The domain the mail is for: the part behind the @, or the smart host that stands in for it (RFC 7672 1.1).
using NextHopDomain = NameAs<struct NextHopDomainRole>;
/// A host as the MX record names it, before any CNAME is followed; or the implicit MX (RFC 5321 5.1).
using MxHost = NameAs<struct MxHostRole>;
/// The name below which _25._tcp holds the TLSA records in force (RFC 7672 2.2.3).
using TlsaBaseDomain = NameAs<struct TlsaBaseDomainRole>;
/// A name the server's certificate may carry under DANE-TA or PKIX (RFC 6125 1.8; RFC 7672 3.2.2).
using ReferenceName = NameAs<struct ReferenceNameRole>;

}  // namespace danewerk::types

template <>
struct std::hash<danewerk::types::DomainName> {
  std::size_t operator()(const danewerk::types::DomainName& name) const noexcept {
    return std::hash<std::string_view>{}(name.text());
  }
};
