// TlsaRecord: one association between a TLS server and its certificate or key, as DNS holds it (RFC 6698 2.1).
//
// The record is kept exactly as published, usable or not: whether a client may use it is a decision (engine/dane), and
// an unusable record still has a meaning for SMTP: TLS is required (RFC 7672 2.2). For the same reason RDATA of fewer
// than three octets, which is no TLSA record at all, is kept as a `TlsaRecord` whose `truncated` is set: it makes the
// set non-empty and can never match.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace danewerk::types {

/// RFC 6698 2.1.1, names of RFC 7218 2.1. Any other octet value is kept and unusable.
enum class TlsaUsage : std::uint8_t { pkix_ta = 0, pkix_ee = 1, dane_ta = 2, dane_ee = 3, private_use = 255 };
/// RFC 6698 2.1.2, RFC 7218 2.2.
enum class TlsaSelector : std::uint8_t { cert = 0, spki = 1, private_use = 255 };
/// RFC 6698 2.1.3, RFC 7218 2.3.
enum class TlsaMatching : std::uint8_t { full = 0, sha2_256 = 1, sha2_512 = 2, private_use = 255 };

struct TlsaRecord {
  TlsaUsage usage = TlsaUsage::dane_ee;
  TlsaSelector selector = TlsaSelector::spki;
  TlsaMatching matching = TlsaMatching::sha2_256;
  Bytes data;
  bool truncated = false;  ///< RDATA was shorter than the three fixed octets; `data` holds what there was

  /// RFC 6698 2.2: "3 1 1 <hex>", white space in the hex allowed; the RFC 7218 acronyms are understood too. Error: malformed,
  /// naming the field. Data of any length is accepted: a wrong digest length makes a record unusable, not unreadable.
  static Result<TlsaRecord> parse(std::string_view text);
  /// RFC 6698 2.1: never fails; see `truncated`.
  static TlsaRecord from_rdata(ByteView rdata);
  Bytes to_rdata() const;

  /// "3 1 1 9f86d0..." in lower-case hex, as zone files and RFC 8460 policy strings hold it.
  std::string to_string() const;
  /// "DANE-EE(3) SPKI(1) SHA2-256(1)": for people (RFC 7218).
  std::string describe() const;

  friend auto operator<=>(const TlsaRecord&, const TlsaRecord&) = default;
};

/// The records of one RRset in the order received; duplicates are kept.
using TlsaSet = std::vector<TlsaRecord>;

/// What a Full(0) record's data turned out to hold when io/tls tried to read it; a fact, gathered with the record
/// because engines do not parse certificates.
enum class AssociationData {
  digest,       ///< matching type is not Full: nothing to read
  certificate,  ///< parses as an X.509 certificate
  public_key,   ///< parses as a SubjectPublicKeyInfo
  unparsable,   ///< does not parse as what the selector says
  too_weak,     ///< parses, but its key or signature is below what we accept for any authentication
};

}  // namespace danewerk::types
