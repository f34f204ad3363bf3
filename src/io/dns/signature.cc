#include "io/dns/signature.h"

#include <algorithm>
#include <memory>

extern "C" {
#include <libdnssec/binary.h>
#include <libdnssec/error.h>
#include <libdnssec/key.h>
#include <libdnssec/keytag.h>
#include <libdnssec/sign.h>
}

#include "io/dns/packet.h"

namespace danewerk::io::dns {
namespace {

using types::RecordType;

constexpr std::size_t fixed_part = 18;  // RFC 4034 3.1, before the signer's name
constexpr std::size_t most_tried = 8;   // RES-11: keys that collide must not cost us the machine

struct FreeKey {
  void operator()(dnssec_key_t* key) const noexcept { dnssec_key_free(key); }
};
using Key = std::unique_ptr<dnssec_key_t, FreeKey>;
struct FreeSigner {
  void operator()(dnssec_sign_ctx_t* context) const noexcept { dnssec_sign_free(context); }
};

/// libdnssec takes pointers to octets it does not change.
dnssec_binary_t view(ByteView bytes) { return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())}; }

std::uint16_t u16_at(ByteView b, std::size_t at) { return static_cast<std::uint16_t>(b[at] << 8 | b[at + 1]); }
std::uint32_t u32_at(ByteView b, std::size_t at) { return static_cast<std::uint32_t>(u16_at(b, at)) << 16 | u16_at(b, at + 2); }

Instant near(std::uint32_t when, Instant now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto now32 = static_cast<std::uint32_t>(seconds.time_since_epoch().count());
  return seconds + std::chrono::seconds(static_cast<std::int32_t>(when - now32));
}

Result<Key> load_key(const types::DomainName& zone, ByteView dnskey) {
  dnssec_key_t* raw = nullptr;
  if (dnssec_key_new(&raw) != DNSSEC_EOK) return fail(ErrorKind::internal, "libdnssec: no key");
  Key key(raw);
  const Bytes name = types::to_wire(zone);
  const dnssec_binary_t rdata = view(dnskey);
  int code = dnssec_key_set_dname(key.get(), name.data());
  if (code == DNSSEC_EOK) code = dnssec_key_set_rdata(key.get(), &rdata);
  if (code != DNSSEC_EOK) return fail(ErrorKind::malformed, "DNSKEY of " + zone.to_string() + ": " + dnssec_strerror(code));
  return key;
}

void append_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xff));
  out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

/// RFC 4034 3.1.8.1: what was signed. The owner of an expanded wildcard becomes the wildcard again.
Bytes signed_data(const types::RrSet& set, ByteView rrsig, const SignatureFacts& facts) {
  types::DomainName owner = set.name;
  const bool expanded = owner.label_count() > facts.labels && !owner.to_string().starts_with("*.");
  if (expanded) {
    while (owner.label_count() > facts.labels) owner = owner.parent();
    owner = owner.prefixed("*");
  }
  const Bytes owner_wire = types::to_wire(owner);
  Bytes out(rrsig.begin(), rrsig.begin() + fixed_part);
  const Bytes signer = types::to_wire(facts.signer);
  out.insert(out.end(), signer.begin(), signer.end());
  for (const Bytes& rdata : set.sorted().rdatas) {
    out.insert(out.end(), owner_wire.begin(), owner_wire.end());
    append_u16(out, static_cast<std::uint16_t>(set.type));
    append_u16(out, KNOT_CLASS_IN);
    append_u16(out, facts.original_ttl.count() >> 16);
    append_u16(out, facts.original_ttl.count() & 0xffff);
    append_u16(out, rdata.size());
    out.insert(out.end(), rdata.begin(), rdata.end());
  }
  return out;
}

/// Why the signature cannot count, before any cryptography (RFC 4035 5.3.1); empty if it may.
std::string plain_fault(const types::RrSet& set, const SignatureFacts& facts, const types::DomainName& zone, Instant now) {
  if (facts.covered != set.type) return "covers " + types::to_string(facts.covered);
  if (facts.signer != zone) return "is by " + facts.signer.to_string() + ", not " + zone.to_string();
  const std::size_t labels = set.name.label_count() - (set.name.to_string().starts_with("*.") ? 1 : 0);
  if (facts.labels > labels) return "has more labels than the name";
  if (facts.inception > now) return "is valid only from " + to_rfc3339(facts.inception);
  if (facts.expiration < now) return "has expired at " + to_rfc3339(facts.expiration);
  return {};
}

std::string crypto_fault(const types::RrSet& set, ByteView rrsig, const SignatureFacts& facts, const types::DomainName& zone,
                         std::span<const Bytes> keys) {
  const std::size_t signature_at = fixed_part + types::to_wire(facts.signer).size();
  const dnssec_binary_t signature = view(rrsig.subspan(signature_at));
  const Bytes data = signed_data(set, rrsig, facts);
  std::string fault = "is by key " + std::to_string(facts.key_tag) + ", which is not among the keys of the zone";
  for (const Bytes& dnskey : keys.subspan(0, std::min(keys.size(), most_tried))) {
    auto key = load_key(zone, dnskey);
    constexpr std::uint16_t zone_key_flag = 0x0100;  // RFC 4034 2.1.1
    if (!key || (dnssec_key_get_flags(key->get()) & zone_key_flag) == 0 || dnssec_key_get_keytag(key->get()) != facts.key_tag ||
        dnssec_key_get_algorithm(key->get()) != facts.algorithm) {
      continue;
    }
    dnssec_sign_ctx_t* raw = nullptr;
    if (dnssec_sign_new(&raw, key->get()) != DNSSEC_EOK) continue;
    const std::unique_ptr<dnssec_sign_ctx_t, FreeSigner> context(raw);
    const dnssec_binary_t covered = view(data);
    if (dnssec_sign_add(context.get(), &covered) == DNSSEC_EOK && dnssec_sign_verify(context.get(), false, &signature) == DNSSEC_EOK) return {};
    fault = "by key " + std::to_string(facts.key_tag) + " does not match the records";
  }
  return fault;
}

}  // namespace

Result<SignatureFacts> read_signature(ByteView rdata, Instant now) {
  if (rdata.size() <= fixed_part) return fail(ErrorKind::malformed, "RRSIG of " + std::to_string(rdata.size()) + " octets");
  const ByteView rest = rdata.subspan(fixed_part);
  const int name_size = knot_dname_wire_check(rest.data(), rest.data() + rest.size(), nullptr);
  if (name_size <= 0 || static_cast<std::size_t>(name_size) >= rest.size()) return fail(ErrorKind::malformed, "RRSIG without signer or signature");
  SignatureFacts out;
  out.covered = static_cast<RecordType>(u16_at(rdata, 0));
  out.algorithm = rdata[2];
  out.labels = rdata[3];
  out.original_ttl = Ttl{u32_at(rdata, 4)};
  out.expiration = near(u32_at(rdata, 8), now);
  out.inception = near(u32_at(rdata, 12), now);
  out.key_tag = u16_at(rdata, 16);
  TRY(out.signer, read_name(rest.data()));
  return out;
}

Result<SignatureFacts> verify_rrset(const types::RrSet& set, std::span<const Bytes> signatures, const types::DomainName& zone,
                                    std::span<const Bytes> keys, Instant now) {
  if (signatures.empty()) return fail(ErrorKind::refused, set.to_string() + " is not signed");
  std::optional<SignatureFacts> best;
  std::string faults;
  for (const Bytes& rrsig : signatures.subspan(0, std::min(signatures.size(), most_tried))) {
    auto facts = read_signature(rrsig, now);
    std::string fault = facts ? plain_fault(set, *facts, zone, now) : facts.error().what;
    if (fault.empty()) fault = crypto_fault(set, rrsig, *facts, zone, keys);
    if (!fault.empty()) {
      faults += (faults.empty() ? "" : "; ") + std::string("a signature ") + fault;
    } else if (!best || facts->expiration > best->expiration) {
      best = *facts;
    }
  }
  if (best) return *std::move(best);
  return fail(ErrorKind::refused, set.to_string() + ": " + faults);
}

Result<Bytes> ds_of(const types::DomainName& zone, ByteView dnskey) {
  TRY(const Key key, load_key(zone, dnskey));
  dnssec_binary_t rdata{};
  const int code = dnssec_key_create_ds(key.get(), DNSSEC_KEY_DIGEST_SHA256, &rdata);
  if (code != DNSSEC_EOK) return fail(ErrorKind::malformed, "DS of " + zone.to_string() + ": " + dnssec_strerror(code));
  Bytes out(rdata.data, rdata.data + rdata.size);
  dnssec_binary_free(&rdata);
  return out;
}

Result<std::uint16_t> key_tag_of(ByteView dnskey) {
  std::uint16_t tag = 0;
  const dnssec_binary_t rdata = view(dnskey);
  const int code = dnssec_keytag(&rdata, &tag);
  if (code != DNSSEC_EOK) return fail(ErrorKind::malformed, std::string("DNSKEY: ") + dnssec_strerror(code));
  return tag;
}

}  // namespace danewerk::io::dns
