// Signatures: does this RRset carry a valid signature of our zone, and until when?
//
// The publisher reads every record back from every name server before it relies on it. A server that answers with stale
// or missing signatures makes the records worthless to every DANE client, so reading back includes verifying against
// the zone's own DNSKEY (DDNS-03). This is not a validator: the keys are taken as given, there is no chain to an anchor,
// and denial of existence is not proven. Resolver answers are validated elsewhere (stub_resolver.h).
//
// RFC 4034 2, 3, 5, 6; RFC 4035 5.3; RFC 4509; RES-11 (work is bounded).
#pragma once

#include <span>

#include "base/instant.h"
#include "types/zone_change.h"

namespace danewerk::io::dns {

/// The fixed part of an RRSIG.
struct SignatureFacts {
  types::RecordType covered = types::RecordType::a;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  Ttl original_ttl{0};
  Instant inception;
  Instant expiration;
  std::uint16_t key_tag = 0;
  types::DomainName signer;
  friend bool operator==(const SignatureFacts&, const SignatureFacts&) = default;
};

/// Reads RRSIG RDATA; its 32-bit times are taken to lie within 68 years of `now` (RFC 4034 3.1.5). Error: malformed.
Result<SignatureFacts> read_signature(ByteView rdata, Instant now);

/// Verifies `set` by any of `signatures` (RRSIG RDATA) made by any of `keys` (DNSKEY RDATA of `zone`). Returns the valid
/// one that holds longest. An expanded wildcard is verified as such (fewer labels in the signature). At most 8 signatures
/// and 8 keys are tried. Error: refused, saying for each signature why it does not count.
Result<SignatureFacts> verify_rrset(const types::RrSet& set, std::span<const Bytes> signatures, const types::DomainName& zone,
                                    std::span<const Bytes> keys, Instant now);

/// The DS RDATA (SHA-256, RFC 4509) that the parent zone must hold for this DNSKEY. Error: malformed.
Result<Bytes> ds_of(const types::DomainName& zone, ByteView dnskey);

/// RFC 4034 appendix B. Error: malformed.
Result<std::uint16_t> key_tag_of(ByteView dnskey);

}  // namespace danewerk::io::dns
