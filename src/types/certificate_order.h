// CertificateOrder and its answer: what the publisher asks of whoever makes certificates, as values.
//
// The key comes first: it is stored, published as `3 1 1` and seen on every server before a certificate is asked for it. So an
// order names the key, and a source only certifies it. What comes back is the chain, or when to ask again; a failure is an
// Error with the source's own words (the CA's answer), which people read.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/instant.h"
#include "types/domain_name.h"
#include "types/key_algorithm.h"

namespace danewerk::types {

struct CertificateOrder {
  std::string key;           ///< its id, as `danewerk key list` shows it
  KeyAlgorithm algorithm = KeyAlgorithm::ecdsa_p256;
  std::string private_key;   ///< PEM (PKCS #8): to sign a CSR with; never to be written anywhere but to its owner's own files
  std::vector<DomainName> names;                ///< `*.<shard>.<zone>` of every shard, then the edge's EHLO names
  std::optional<Instant> standing_until;        ///< renewal: the end of the certificate it has from this source; nothing: the first
};

/// PEM, leaf first.
struct CertificateIssued {
  std::string chain;
};

/// Not now, and nothing is wrong: an order runs, or a person has yet to bring the certificate.
struct CertificateLater {
  Instant ask_again;
  std::string why;  ///< one sentence: what is waited for, and where people can see more
};

using CertificateAnswer = std::variant<CertificateIssued, CertificateLater>;

}  // namespace danewerk::types
