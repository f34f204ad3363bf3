// CertificateInfo: what one certificate says, read once by io/tls, so that engines and reports need no X.509.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"

namespace danewerk::types {

/// RFC 5280 4.2.1.9: whether the certificate may issue others (basicConstraints, or a self-signed one of version 1).
enum class CertificateRole : std::uint8_t { end_entity, authority };

struct CertificateInfo {
  Bytes der;                           ///< the whole certificate (TLSA selector 0)
  Bytes spki;                          ///< DER SubjectPublicKeyInfo (TLSA selector 1)
  std::string subject;                 ///< RFC 2253 form, for people
  std::string issuer;
  std::string common_name;             ///< last CN of the subject; empty if none
  std::vector<std::string> dns_names;  ///< SAN dNSName entries, lower case; octets no name holds as \xNN
  Instant not_before;                  ///< the epoch where the field is no time at all
  Instant not_after;
  std::string key_algorithm;           ///< "EC P-256", "RSA 2048", "ED25519"
  std::string spki_sha256;             ///< lower-case hex: what a 3 1 1 record holds
  std::string sha256;                  ///< lower-case hex, of the whole certificate: what a 3 0 1 record holds
  CertificateRole role = CertificateRole::end_entity;

  friend bool operator==(const CertificateInfo&, const CertificateInfo&) = default;
};

/// Leaf first, as sent on the wire.
using CertificateChain = std::vector<CertificateInfo>;

}  // namespace danewerk::types
