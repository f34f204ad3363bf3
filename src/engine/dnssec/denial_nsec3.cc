// RFC 5155 8: the same by hashes. The closest encloser is proven by its own hash and the span around the next closer name.
#include <algorithm>

#include "engine/dnssec/denial.h"

namespace danewerk::engine::dnssec {
namespace {

constexpr std::uint16_t most_iterations = 150;  // RFC 9276 3.2: beyond this, validators in use take no NSEC3 for proof
constexpr std::size_t most_digests = 60'000;       // digests for one proof
constexpr std::uint8_t sha1 = 1;

}  // namespace

/// RFC 5155 5.
std::optional<Bytes> Denial::hash(const Name& name, const Nsec3& with) {
  if (with.iterations > most_iterations) return std::nullopt;
  Bytes how = with.salt;
  how.push_back(static_cast<std::uint8_t>(with.iterations));
  const auto key = std::pair(name, how);
  if (const auto known = hashes_.find(key); known != hashes_.end()) return known->second;
  work_ += with.iterations + 1U;
  if (work_ > most_digests) return std::nullopt;
  Bytes value = name.wire();
  for (unsigned i = 0; i <= with.iterations; ++i) {
    value.insert(value.end(), with.salt.begin(), with.salt.end());
    auto next = chain_.crypto().digest(sha1, value);
    if (!next) return std::nullopt;
    value = *std::move(next);
  }
  return hashes_.emplace(key, std::move(value)).first->second;
}

const Denial::HashedSpan* Denial::at_hash(const Name& name, const Name& zone, RecordType type) {
  for (const HashedSpan& span : hashed_) {
    if (span.authentic.zone != zone || (type == RecordType::ds && zone == name && !name.is_root())) continue;
    const auto value = hash(name, span.nsec3);
    if (value && *value == span.hash) return &span;
  }
  return nullptr;
}

const Denial::HashedSpan* Denial::covering_hash(const Name& name, const Name& zone) {
  for (const HashedSpan& span : hashed_) {
    if (span.authentic.zone != zone) continue;
    const auto value = hash(name, span.nsec3);
    if (!value || value->size() != span.hash.size() || value->size() != span.nsec3.next.size()) continue;
    const bool wraps = span.nsec3.next <= span.hash;  // the last one of the zone
    const bool inside = wraps ? *value > span.hash || *value < span.nsec3.next : *value > span.hash && *value < span.nsec3.next;
    if (inside) return &span;
  }
  return nullptr;
}

/// RFC 5155 8.3.
std::optional<Denial::Encloser> Denial::closest(const Name& name, const Name& zone) {
  for (std::size_t labels = name.label_count(); labels-- > zone.label_count();) {
    Encloser out;
    out.name = name.ancestor(labels);
    out.at = at_hash(out.name, zone, RecordType::a);
    if (!out.at) continue;
    out.next_closer = covering_hash(name.ancestor(labels + 1), zone);
    const auto& types = out.at->nsec3.types;
    if (!out.next_closer || is_delegation(types) || types.contains(RecordType::dname)) return std::nullopt;
    return out;
  }
  return std::nullopt;
}

std::optional<Denied> Denial::by_nsec3(const Name& name, RecordType type, const Name& zone) {
  if (const HashedSpan* here = at_hash(name, zone, type)) {  // RFC 5155 8.5, 8.6
    if (!denies(here->nsec3.types, type)) return std::nullopt;
    const bool delegation = type == RecordType::ds && is_delegation(here->nsec3.types);
    return Denied{Denied::What::no_data, delegation, "NSEC3 at the hash of " + name.to_string(), {here->authentic}};
  }
  const auto encloser = closest(name, zone);
  if (!encloser) return std::nullopt;
  std::vector<Authentic> rests_on{encloser->at->authentic, encloser->next_closer->authentic};
  const std::string how = "NSEC3: nothing closer than " + encloser->name.to_string();
  if (encloser->next_closer->nsec3.opt_out) {  // RFC 5155 8.6, 9.2: there may be an unsigned delegation
    return Denied{Denied::What::opt_out, false, how + ", in a span with opt-out", std::move(rests_on)};
  }
  const auto wildcard = encloser->name.child("*");
  if (!wildcard) return std::nullopt;
  if (const HashedSpan* star = at_hash(*wildcard, zone, type)) {  // RFC 5155 8.7
    if (!denies(star->nsec3.types, type)) return std::nullopt;
    rests_on.push_back(star->authentic);
    return Denied{Denied::What::no_data, false, how + ", and " + wildcard->to_string() + " lacks it", std::move(rests_on)};
  }
  const HashedSpan* no_star = covering_hash(*wildcard, zone);  // RFC 5155 8.4
  if (!no_star) return std::nullopt;
  rests_on.push_back(no_star->authentic);
  return Denied{Denied::What::no_name, false, how + ", no " + wildcard->to_string(), std::move(rests_on)};
}

}  // namespace danewerk::engine::dnssec
