// The cryptography of DNSSEC by OpenSSL: signatures and digests over octets, by the numbers that stand in DNSKEY, RRSIG and DS.
//
// The verifier of proofs (engine/dnssec) decides what must be signed by whom; here is only whether a signature is by a key. It is
// used apart from libdnssec's (io/dns/signature.h) on purpose: what checks a proof shares nothing with what gathered it.
//
// RFC 3110 and RFC 5702 (RSA), RFC 6605 (ECDSA), RFC 8080 (EdDSA), RFC 4509 and RFC 6605 (DS digests), RFC 5155 5 (SHA-1 in NSEC3).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace danewerk::tls {

/// 8 RSA/SHA-256, 10 RSA/SHA-512, 13 ECDSA P-256, 14 ECDSA P-384, 15 Ed25519, 16 Ed448 (RFC 8624 3.1). Not the SHA-1 ones.
bool knows_dnssec_algorithm(std::uint8_t algorithm) noexcept;

/// `key` and `signature` as in the RDATA. False too where either cannot be read or the algorithm is not known. RSA moduli of 1024 to
/// 4096 bits: beyond that a verification costs more than a stranger may ask for.
bool verify_dnssec_signature(std::uint8_t algorithm, ByteView key, ByteView data, ByteView signature);

/// 1 SHA-1 (for NSEC3 alone), 2 SHA-256, 4 SHA-384; absent for others.
std::optional<Bytes> dnssec_digest(std::uint8_t digest_type, ByteView data);

}  // namespace danewerk::tls
