// For tests only: a small signed DNS made by hand, with a toy in place of cryptography.
//
// A toy signature is a hash of key and data: whoever has the DNSKEY could make one, which no test here minds. The rules of signing
// (what is hashed, by whom, labels, times) are written out a second time, from the RFCs, on the signer's side.
#pragma once

#include <algorithm>

#include "engine/dnssec/document.h"

namespace danewerk::engine::dnssec::test {

inline Name name(std::string_view text) { return *Name::parse(text); }
inline Instant instant(std::string_view text) { return *parse_rfc3339(text); }
inline const Instant now = instant("2026-11-24T12:00:00Z");

/// FNV-1a, drawn out to `size` octets.
inline Bytes toy_hash(ByteView data, std::size_t size) {
  Bytes out;
  std::uint64_t state = 0xcbf29ce484222325U;
  const auto eat = [&](std::uint8_t octet) { state = (state ^ octet) * 0x100000001b3U; };
  for (const std::uint8_t octet : data) eat(octet);
  while (out.size() < size) {
    eat(static_cast<std::uint8_t>(out.size()));
    out.push_back(static_cast<std::uint8_t>(state >> 32));
  }
  return out;
}

constexpr std::uint8_t toy_algorithm = 13;

inline Bytes toy_signature(ByteView key, ByteView data) {
  Bytes both(key.begin(), key.end());
  both.insert(both.end(), data.begin(), data.end());
  return toy_hash(both, 32);
}

inline Crypto toy_crypto() {
  Crypto out;
  out.verify = [](std::uint8_t algorithm, ByteView key, ByteView data, ByteView signature) {
    const Bytes expected = toy_signature(key, data);
    return algorithm == toy_algorithm && std::equal(expected.begin(), expected.end(), signature.begin(), signature.end());
  };
  out.knows = [](std::uint8_t algorithm) { return algorithm == toy_algorithm; };
  out.digest = [](std::uint8_t type, ByteView data) -> std::optional<Bytes> {
    if (type != 1 && type != 2 && type != 4) return std::nullopt;
    return toy_hash(data, type == 1 ? 20 : 32);
  };
  return out;
}

inline void put16(Bytes& out, unsigned value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8 & 0xff));
  out.push_back(static_cast<std::uint8_t>(value & 0xff));
}
inline void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
inline void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

inline Bytes bitmap(const std::set<RecordType>& types) {
  Bytes window(32, 0);
  std::size_t length = 0;
  for (const RecordType type : types) {
    const auto number = static_cast<std::size_t>(type);
    if (number > 255) continue;
    window[number / 8] = static_cast<std::uint8_t>(window[number / 8] | 0x80 >> number % 8);
    length = std::max(length, number / 8 + 1);
  }
  if (length == 0) return {};
  Bytes out{0, static_cast<std::uint8_t>(length)};
  out.insert(out.end(), window.begin(), window.begin() + static_cast<std::ptrdiff_t>(length));
  return out;
}

inline std::string base32hex(ByteView octets) {
  std::string out;
  unsigned held = 0, bits = 0;
  for (const std::uint8_t octet : octets) {
    held = held << 8 | octet;
    for (bits += 8; bits >= 5; bits -= 5) out += "0123456789abcdefghijklmnopqrstuv"[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += "0123456789abcdefghijklmnopqrstuv"[held << (5 - bits) & 31];
  return out;
}

/// One zone's signer. Records are added, then sign() gives every set with its signature and a full NSEC or NSEC3 chain.
class Zone {
 public:
  enum class Denial : std::uint8_t { nsec, nsec3, nsec3_opt_out };
  explicit Zone(std::string_view apex, Denial denial = Denial::nsec) : apex_(name(apex)), denial_(denial) {
    key_ = {1, 1, 3, toy_algorithm};  // flags 257
    append(key_, as_octets("key of " + apex_.to_string()));
    add(apex, RecordType::soa, {0, 0});
    add(apex, RecordType::ns, name("ns." + std::string(apex == "." ? "" : apex)).wire());
    add(apex, RecordType::dnskey, key_);
  }
  static Bytes as_octets(std::string_view text) {
    const ByteView view = as_bytes(text);
    return {view.begin(), view.end()};
  }
  void add(std::string_view owner, RecordType type, const Bytes& rdata) { sets_[{name(owner), type}].push_back(rdata); }
  void remove(std::string_view owner, RecordType type) { sets_.erase({name(owner), type}); }
  /// An unsigned or signed child.
  void delegate(std::string_view child, const Zone* signed_child = nullptr) {
    add(child, RecordType::ns, name("ns." + std::string(child)).wire());
    if (signed_child) add(child, RecordType::ds, signed_child->ds());
  }
  const Name& apex() const { return apex_; }
  const Bytes& key() const { return key_; }
  std::uint16_t tag() const { return read_dnskey(key_)->tag; }
  Bytes ds() const {
    Bytes hashed = apex_.wire();
    append(hashed, key_);
    Bytes out;
    put16(out, tag());
    out.push_back(toy_algorithm);
    out.push_back(2);
    append(out, toy_hash(hashed, 32));
    return out;
  }
  std::uint32_t inception = seconds(now) - 3600, expiration = seconds(now) + 86400;

  static std::uint32_t seconds(Instant at) {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
  }

  /// The set with its signature; `owner` names what was made from the wildcard the set stands at.
  RecordSet sign(const Name& at, RecordType type, std::vector<Bytes> rdatas, const Name& owner) const {
    RecordSet out{owner, type, std::move(rdatas), {}};
    make_canonical(out);
    Bytes rrsig;
    put16(rrsig, static_cast<unsigned>(type));
    rrsig.push_back(toy_algorithm);
    rrsig.push_back(static_cast<std::uint8_t>(at.label_count() - (at.is_wildcard() ? 1 : 0)));
    put32(rrsig, 3600);
    put32(rrsig, expiration);
    put32(rrsig, inception);
    put16(rrsig, tag());
    append(rrsig, apex_.wire());
    Bytes data = rrsig;
    for (const Bytes& rdata : out.rdatas) {
      append(data, at.wire());
      put16(data, static_cast<unsigned>(type));
      put16(data, 1);
      put32(data, 3600);
      put16(data, static_cast<unsigned>(rdata.size()));
      append(data, rdata);
    }
    append(rrsig, toy_signature(ByteView(key_).subspan(4), data));
    out.signatures.push_back(std::move(rrsig));
    return out;
  }

  /// Everything, delegations unsigned as they are; `expanded` names are made from their wildcards.
  std::vector<RecordSet> signed_sets(const std::vector<std::pair<std::string, std::string>>& expanded = {}) const {
    std::vector<RecordSet> out;
    for (const auto& [key, rdatas] : sets_) {
      if (key.second == RecordType::ns && is_cut(key.first)) continue;
      out.push_back(sign(key.first, key.second, rdatas, key.first));
      for (const auto& [made, star] : expanded) {
        if (name(star) == key.first) out.push_back(sign(key.first, key.second, rdatas, name(made)));
      }
    }
    const auto denials = denial_ == Denial::nsec ? nsec_chain() : nsec3_chain();
    out.insert(out.end(), denials.begin(), denials.end());
    return out;
  }

 private:
  bool is_cut(const Name& at) const { return at != apex_ && sets_.contains({at, RecordType::ns}); }
  bool below_cut(const Name& at) const {
    for (std::size_t labels = apex_.label_count() + 1; labels < at.label_count(); ++labels) {
      if (is_cut(at.ancestor(labels))) return true;
    }
    return false;
  }
  std::map<Name, std::set<RecordType>> types_by_name() const {
    std::map<Name, std::set<RecordType>> out;
    for (const auto& [key, rdatas] : sets_) {
      if (!below_cut(key.first)) out[key.first].insert(key.second);
    }
    return out;
  }
  std::vector<RecordSet> nsec_chain() const {
    std::vector<RecordSet> out;
    const auto names = types_by_name();
    for (auto at = names.begin(); at != names.end(); ++at) {
      const auto next = std::next(at) == names.end() ? names.begin() : std::next(at);
      std::set<RecordType> types = at->second;
      types.insert({RecordType::nsec, RecordType::rrsig});
      Bytes rdata = next->first.wire();
      append(rdata, bitmap(types));
      out.push_back(sign(at->first, RecordType::nsec, {rdata}, at->first));
    }
    return out;
  }
  std::vector<RecordSet> nsec3_chain() const {
    const Bytes salt{0xab};
    const auto hash = [&](const Name& of) {
      Bytes value = of.wire();
      for (int i = 0; i <= 2; ++i) {
        append(value, salt);
        value = toy_hash(value, 20);
      }
      return value;
    };
    auto names = types_by_name();
    for (const auto& [at, types] : types_by_name()) {  // empty non-terminals have an NSEC3 too (RFC 5155 7.1)
      for (std::size_t labels = apex_.label_count(); labels < at.label_count(); ++labels) names.try_emplace(at.ancestor(labels));
    }
    std::map<Bytes, std::set<RecordType>> chain;
    for (const auto& [at, types] : names) {
      const bool unsigned_cut = is_cut(at) && !types.contains(RecordType::ds);
      if (denial_ == Denial::nsec3_opt_out && unsigned_cut) continue;
      std::set<RecordType> all = types;
      if (!unsigned_cut && !types.empty()) all.insert(RecordType::rrsig);
      chain[hash(at)] = all;
    }
    std::vector<RecordSet> out;
    for (auto at = chain.begin(); at != chain.end(); ++at) {
      const auto next = std::next(at) == chain.end() ? chain.begin() : std::next(at);
      Bytes rdata{1, static_cast<std::uint8_t>(denial_ == Denial::nsec3_opt_out ? 1 : 0), 0, 2, 1, 0xab, 20};
      append(rdata, next->first);
      append(rdata, bitmap(at->second));
      const Name owner = *apex_.child(base32hex(at->first));
      out.push_back(sign(owner, RecordType::nsec3, {rdata}, owner));
    }
    return out;
  }

  Name apex_;
  Denial denial_;
  Bytes key_;
  std::map<std::pair<Name, RecordType>, std::vector<Bytes>> sets_;
};

inline Bytes mx(std::string_view host) {
  Bytes out{0, 10};
  append(out, name(host).wire());
  return out;
}
inline const Bytes address{192, 0, 2, 1};
inline Bytes tlsa(std::uint8_t fill) {
  Bytes out{3, 1, 1};
  out.insert(out.end(), 32, fill);
  return out;
}

}  // namespace danewerk::engine::dnssec::test
