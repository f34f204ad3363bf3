// Crypto: the three things that need cryptography, handed in: engines decide, and hold no keys and no OpenSSL.
//
// io/tls has the real ones; tests have a toy with the same shape.
//
// RFC 8624 3.1, 3.3: which algorithms and digests a validator must know.
#pragma once

#include <functional>
#include <optional>

#include "base/bytes.h"

namespace danewerk::engine::dnssec {

struct Crypto {
  /// Whether `signature` over `data` is by this key: DNSKEY algorithm number, key material and signature as in the RDATA.
  /// False also for algorithms that are not known.
  std::function<bool(std::uint8_t algorithm, ByteView key, ByteView data, ByteView signature)> verify;
  /// True for the algorithms that verify() knows.
  std::function<bool(std::uint8_t algorithm)> knows;
  /// By DS digest type (2 SHA-256, 4 SHA-384); 1 is SHA-1, for NSEC3 only. Absent for others.
  std::function<std::optional<Bytes>(std::uint8_t digest_type, ByteView data)> digest;
};

}  // namespace danewerk::engine::dnssec
