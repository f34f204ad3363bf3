// TsigKey: the secret shared with a primary name server (RFC 8945).
//
// Only the SHA-2 algorithms are known here, and a secret shorter than the digest is refused: a weak key would let
// anybody who can reach the server replace a tenant's TLSA records (DDNS-08). One algorithm a key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "types/domain_name.h"

namespace danewerk::io::dns {

enum class TsigAlgorithm : std::uint8_t { hmac_sha256, hmac_sha384, hmac_sha512 };

/// "hmac-sha256"
const char* to_string(TsigAlgorithm algorithm) noexcept;
/// Octets of the digest, which is also the least length of a secret (RFC 8945 8).
std::size_t digest_size(TsigAlgorithm algorithm) noexcept;

struct TsigKey {
  types::DomainName name;
  TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
  Bytes secret;

  /// "hmac-sha256:name:base64", as Knot's and BIND's tools write it. Error: malformed, naming the part; never the secret.
  static Result<TsigKey> parse(std::string_view text);
};

}  // namespace danewerk::io::dns
