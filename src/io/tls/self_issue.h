// Keys and self-issued certificates for the edge.
//
// Under DANE-EE (3 1 1) only the key counts, so a certificate we issue ourselves is as good as a bought one (RFC 7671 5.1).
// Ours stay time-valid and name-correct all the same (design.md 9.6): some senders refuse expired ones.
#pragma once

#include <string>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "types/domain_name.h"
#include "types/key_algorithm.h"

namespace danewerk::io {

using types::KeyAlgorithm;

/// A fresh private key, PEM (PKCS #8), from OpenSSL's generator. Error: internal.
Result<std::string> generate_key(KeyAlgorithm algorithm);

/// An X.509 v3 certificate for that key, signed by itself: subject CN the first name, SAN all names (a name may begin with
/// "*."), serverAuth, not a CA, random serial. Errors: malformed (key), limit (no name), internal.
Result<std::string> self_issue(const std::string& key_pem, const std::vector<types::DomainName>& names, Instant not_before,
                               Instant not_after);

}  // namespace danewerk::io
