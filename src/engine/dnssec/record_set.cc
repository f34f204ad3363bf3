#include "engine/dnssec/record_set.h"

#include <algorithm>

namespace danewerk::engine::dnssec {
namespace {

constexpr std::size_t rrsig_fixed = 18;

std::uint16_t u16(ByteView at) { return static_cast<std::uint16_t>(at[0] << 8 | at[1]); }
std::uint32_t u32(ByteView at) { return static_cast<std::uint32_t>(u16(at)) << 16 | u16(at.subspan(2)); }

void put_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xff));
  out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

Failure<Error> bad(RecordType type, const char* why) { return fail(ErrorKind::malformed, types::to_string(type) + " record: " + why); }

/// Where names stand in the RDATA: how many octets before the first, and how many names follow each other.
struct NamesAt {
  std::size_t offset = 0;
  int count = 0;
};
NamesAt names_in(RecordType type) {
  switch (type) {
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::dname:
    case RecordType::nsec: return {0, 1};
    case RecordType::soa: return {0, 2};
    case RecordType::mx: return {2, 1};
    case RecordType::rrsig: return {rrsig_fixed, 1};
    default: return {};
  }
}

void lower_names(Bytes& rdata, NamesAt where) {
  std::size_t at = where.offset;
  for (int i = 0; i < where.count; ++i) {
    while (at < rdata.size() && rdata[at] != 0) {
      const std::size_t end = std::min(rdata.size(), at + 1U + rdata[at]);
      for (++at; at < end; ++at) {
        if (rdata[at] >= 'A' && rdata[at] <= 'Z') rdata[at] = static_cast<std::uint8_t>(rdata[at] + ('a' - 'A'));
      }
    }
    ++at;
  }
}

/// RFC 4034 4.1.2. Error: malformed, also where windows are not in order, empty, or end with zeros.
Result<std::set<RecordType>> read_bitmap(ByteView bits, RecordType of) {
  std::set<RecordType> out;
  int last_window = -1;
  while (!bits.empty()) {
    if (bits.size() < 2) return bad(of, "the list of types is cut short");
    const int window = bits[0];
    const std::size_t length = bits[1];
    if (window <= last_window || length == 0 || length > 32 || bits.size() < 2 + length || bits[1 + length] == 0) {
      return bad(of, "the list of types is not as RFC 4034 4.1.2 wants it");
    }
    for (std::size_t i = 0; i < length * 8; ++i) {
      if ((bits[2 + i / 8] >> (7 - i % 8) & 1) != 0) out.insert(static_cast<RecordType>(static_cast<std::size_t>(window) * 256 + i));
    }
    last_window = window;
    bits = bits.subspan(2 + length);
  }
  return out;
}

std::uint16_t tag_of(ByteView dnskey) {  // RFC 4034 appendix B
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dnskey.size(); ++i) sum += (i & 1) != 0 ? dnskey[i] : static_cast<std::uint32_t>(dnskey[i]) << 8;
  return static_cast<std::uint16_t>((sum + (sum >> 16)) & 0xffff);
}

Result<void> check_readable(RecordType type, ByteView rdata) {
  const NamesAt names = names_in(type);
  if (type == RecordType::nsec || type == RecordType::rrsig) return {};  // read whole by their own readers
  std::size_t at = names.offset;
  if (names.count > 0 && rdata.size() < at) return bad(type, "too short");
  for (int i = 0; i < names.count; ++i) {
    std::size_t size = 0;
    TRY_VOID(Name::read(rdata.subspan(at), size));
    at += size;
  }
  return {};
}

}  // namespace

void make_canonical(RecordSet& set) {
  const NamesAt names = names_in(set.type);
  for (Bytes& rdata : set.rdatas) lower_names(rdata, names);
  for (Bytes& signature : set.signatures) lower_names(signature, names_in(RecordType::rrsig));
  for (auto* list : {&set.rdatas, &set.signatures}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
}

Result<void> check_canonical(const RecordSet& set) {
  if (set.rdatas.empty() || set.signatures.empty()) return fail(ErrorKind::malformed, set.to_string() + ": no records, or no signature");
  RecordSet again = set;
  make_canonical(again);
  if (again != set) return fail(ErrorKind::malformed, set.to_string() + " is not in canonical form (RFC 4034 6)");
  for (const Bytes& rdata : set.rdatas) TRY_VOID(check_readable(set.type, rdata));
  for (const Bytes& signature : set.signatures) {
    TRY(const Rrsig facts, read_rrsig(signature));
    if (facts.covered != set.type) return fail(ErrorKind::malformed, set.to_string() + ": a signature for " + types::to_string(facts.covered));
  }
  return {};
}

Result<Rrsig> read_rrsig(ByteView rdata) {
  if (rdata.size() <= rrsig_fixed) return bad(RecordType::rrsig, "too short");
  Rrsig out;
  out.covered = static_cast<RecordType>(u16(rdata));
  out.algorithm = rdata[2];
  out.labels = rdata[3];
  out.original_ttl = u32(rdata.subspan(4));
  out.expiration = u32(rdata.subspan(8));
  out.inception = u32(rdata.subspan(12));
  out.key_tag = u16(rdata.subspan(16));
  std::size_t size = 0;
  TRY(out.signer, Name::read(rdata.subspan(rrsig_fixed), size));
  out.signature_at = rrsig_fixed + size;
  if (out.signature_at >= rdata.size()) return bad(RecordType::rrsig, "holds no signature");
  return out;
}

Result<Dnskey> read_dnskey(ByteView rdata) {
  if (rdata.size() <= 4) return bad(RecordType::dnskey, "too short");
  return Dnskey{u16(rdata), rdata[2], rdata[3], rdata.subspan(4), tag_of(rdata)};
}

Result<Ds> read_ds(ByteView rdata) {
  if (rdata.size() <= 4) return bad(RecordType::ds, "too short");
  return Ds{u16(rdata), rdata[2], rdata[3], rdata.subspan(4)};
}

Result<Nsec> read_nsec(ByteView rdata) {
  Nsec out;
  std::size_t size = 0;
  TRY(out.next, Name::read(rdata, size));
  TRY(out.types, read_bitmap(rdata.subspan(size), RecordType::nsec));
  return out;
}

Result<Nsec3> read_nsec3(ByteView rdata) {
  if (rdata.size() < 6) return bad(RecordType::nsec3, "too short");
  Nsec3 out;
  out.hash_algorithm = rdata[0];
  if ((rdata[1] & ~1) != 0) return bad(RecordType::nsec3, "unknown flags (RFC 5155 8.2)");
  out.opt_out = (rdata[1] & 1) != 0;
  out.iterations = u16(rdata.subspan(2));
  const std::size_t salt = rdata[4];
  if (rdata.size() < 6 + salt) return bad(RecordType::nsec3, "the salt runs past its end");
  out.salt.assign(rdata.begin() + 5, rdata.begin() + 5 + static_cast<std::ptrdiff_t>(salt));
  const std::size_t hash = rdata[5 + salt];
  if (hash == 0 || rdata.size() < 6 + salt + hash) return bad(RecordType::nsec3, "the hash runs past its end");
  const ByteView next = rdata.subspan(6 + salt, hash);
  out.next.assign(next.begin(), next.end());
  TRY(out.types, read_bitmap(rdata.subspan(6 + salt + hash), RecordType::nsec3));
  return out;
}

Result<Name> read_target(ByteView rdata) {
  std::size_t size = 0;
  TRY(Name target, Name::read(rdata, size));
  if (size != rdata.size()) return fail(ErrorKind::malformed, "an alias with octets behind its name");
  return target;
}

Bytes signed_data(const RecordSet& set, ByteView rrsig, const Rrsig& facts, const Name& owner) {
  Bytes out(rrsig.begin(), rrsig.begin() + static_cast<std::ptrdiff_t>(facts.signature_at));
  const Bytes owner_wire = owner.wire();
  constexpr std::size_t internet = 1;
  for (const Bytes& rdata : set.rdatas) {
    out.insert(out.end(), owner_wire.begin(), owner_wire.end());
    put_u16(out, static_cast<std::uint16_t>(set.type));
    put_u16(out, internet);
    put_u16(out, facts.original_ttl >> 16);
    put_u16(out, facts.original_ttl & 0xffff);
    put_u16(out, rdata.size());
    out.insert(out.end(), rdata.begin(), rdata.end());
  }
  return out;
}

std::optional<Bytes> parse_base32hex(std::string_view text) {
  Bytes out;
  unsigned held = 0, bits = 0;
  for (const char c : text) {
    unsigned value = 0;
    if (c >= '0' && c <= '9') {
      value = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'v') {
      value = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    held = (held << 5 | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::uint8_t>(held >> bits));
  }
  if ((held & ((1U << bits) - 1)) != 0 || bits >= 5) return std::nullopt;
  return out;
}

}  // namespace danewerk::engine::dnssec
