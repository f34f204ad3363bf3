// RecordSet: records of one name and type with their signatures, and what stands inside the types that DNSSEC is made of.
//
// Everything is held in canonical form (RFC 4034 6), in which it was signed; a set that is not in it is refused by
// check_canonical(), so that each octet of a proof is one that a signature covers. TTLs are not kept: the one that counts
// is inside the signature.
//
// RFC 4034 2 (DNSKEY), 3 (RRSIG), 4 (NSEC), 5 (DS), 6 (canonical form); RFC 5155 3 (NSEC3); RFC 6840 5.1.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "engine/dnssec/name.h"
#include "types/dns_answer.h"

namespace danewerk::engine::dnssec {

using types::RecordType;

struct RecordSet {
  Name owner;
  RecordType type = RecordType::a;
  std::vector<Bytes> rdatas;      ///< in the order of RFC 4034 6.3, each once
  std::vector<Bytes> signatures;  ///< RDATA of RRSIG records that cover this set

  /// "mx.example.com. TLSA"
  std::string to_string() const { return owner.to_string() + " " + types::to_string(type); }
  friend bool operator==(const RecordSet&, const RecordSet&) = default;
};

/// Lower case in the names inside the RDATA (NS, CNAME, SOA, MX, DNAME, RRSIG; and NSEC, whose owners are so on the wire of
/// every signer we know), then sorted, each once. For what comes from a resolver.
void make_canonical(RecordSet& set);
/// Error: malformed, where the set or a signature is not as make_canonical() leaves it, or cannot be read.
Result<void> check_canonical(const RecordSet& set);

struct Rrsig {
  RecordType covered = RecordType::a;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t expiration = 0, inception = 0;  ///< seconds since 1970, modulo 2^32
  std::uint32_t original_ttl = 0;
  std::uint16_t key_tag = 0;
  Name signer;
  std::size_t signature_at = 0;  ///< where in the RDATA the signature itself begins
};
Result<Rrsig> read_rrsig(ByteView rdata);

struct Dnskey {
  std::uint16_t flags = 0;
  std::uint8_t protocol = 0;
  std::uint8_t algorithm = 0;
  ByteView key;  ///< into the RDATA
  std::uint16_t tag = 0;

  bool is_zone_key() const noexcept { return (flags & 0x0100) != 0 && (flags & 0x0080) == 0 && protocol == 3; }  ///< RFC 5011: not revoked
};
Result<Dnskey> read_dnskey(ByteView rdata);

struct Ds {
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t digest_type = 0;
  ByteView digest;
};
Result<Ds> read_ds(ByteView rdata);

struct Nsec {
  Name next;
  std::set<RecordType> types;
};
Result<Nsec> read_nsec(ByteView rdata);

struct Nsec3 {
  std::uint8_t hash_algorithm = 0;
  bool opt_out = false;
  std::uint16_t iterations = 0;
  Bytes salt, next;
  std::set<RecordType> types;
};
Result<Nsec3> read_nsec3(ByteView rdata);

/// The name that a CNAME or DNAME leads to.
Result<Name> read_target(ByteView rdata);

/// What the signature is made over (RFC 4034 3.1.8.1); `owner` is the wildcard where the set was made from one.
Bytes signed_data(const RecordSet& set, ByteView rrsig, const Rrsig& facts, const Name& owner);

/// RFC 4648 7 without padding, lower case: the first label of an NSEC3 owner. Absent where it is none.
std::optional<Bytes> parse_base32hex(std::string_view text);

}  // namespace danewerk::engine::dnssec
