// CAA: may this authority issue for this name? Asked before an order, so that a record that forbids it is a finding with its
// name and remedy, and not the CA's refusal after a spent attempt.
//
// The records that count are those of the nearest name at or above the one certified that has any (RFC 8659 3); for
// "*.s1.mx.example.net" the climb begins at "s1.mx.example.net". No CAA record anywhere means that every CA may issue. What could not
// be looked up is neither: the caller waits (a CA must not issue then either).
//
// RFC 8659 3, 4; RFC 8657 (validationmethods; accounturi is for the CA to judge).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "types/domain_name.h"
#include "types/finding.h"

namespace danewerk::caa {

/// One Property. RFC 8659 4.1.
struct Record {
  bool critical = false;
  std::string tag;    ///< lower case
  std::string value;  ///< as published, made printable
  /// `0 issue "ca.example"`
  std::string to_string() const;
  friend bool operator==(const Record&, const Record&) = default;
};

/// Error: malformed.
Result<Record> parse(ByteView rdata);

/// The names to be asked, nearest first, without the root. RFC 8659 3.
std::vector<types::DomainName> climb(const types::DomainName& certified);

/// What the CA that is to be asked calls itself, and how it will validate.
struct Authority {
  std::vector<std::string> names;  ///< issuer-domain-names, like "letsencrypt.org"; empty: not known, any named CA passes
  std::string method;              ///< "dns-01", "http-01" (RFC 8555 9.7.8)
};

/// Nothing where the CA may issue for `certified`; else what forbids it: the record, where it stands, and what to do. `records` is
/// the relevant set, found at `at`.
std::optional<types::Finding> forbidden(const types::DomainName& certified, const types::DomainName& at, const std::vector<Record>& records,
                                        const Authority& authority);

}  // namespace danewerk::caa
