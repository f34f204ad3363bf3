#include "engine/dnssec/denial.h"

#include <algorithm>

namespace danewerk::engine::dnssec {
namespace {

/// Below a delegation or a DNAME the zone says nothing (RFC 6840 4.1; RES-14).
bool speaks_below(const std::set<RecordType>& types) { return !is_delegation(types) && !types.contains(RecordType::dname); }

Denied denied(Denied::What what, std::string how, std::vector<Authentic> rests_on) { return {what, false, std::move(how), std::move(rests_on)}; }

}  // namespace

bool is_delegation(const std::set<RecordType>& types) { return types.contains(RecordType::ns) && !types.contains(RecordType::soa); }

bool denies(const std::set<RecordType>& types, RecordType type) {
  if (types.contains(type) || types.contains(RecordType::cname)) return false;
  return type == RecordType::ds ? !types.contains(RecordType::soa) : !is_delegation(types);
}

void Denial::load_nsec(std::size_t place) {
  const RecordSet& set = chain_.set(place);
  auto authentic = chain_.authenticate(place);
  if (!authentic || authentic->expanded || set.rdatas.size() != 1) return;  // RFC 4035 5.4: an NSEC is never made from a wildcard
  auto nsec = read_nsec(set.rdatas[0]);
  if (nsec) spans_.push_back({*std::move(authentic), set.owner, *std::move(nsec)});
}

void Denial::load_nsec3(std::size_t place) {
  const RecordSet& set = chain_.set(place);
  auto authentic = chain_.authenticate(place);
  if (!authentic || authentic->expanded || set.rdatas.size() != 1 || set.owner.is_root() || set.owner.parent() != authentic->zone) return;
  auto nsec3 = read_nsec3(set.rdatas[0]);
  auto own = parse_base32hex(set.owner.labels().front());
  if (nsec3 && own && nsec3->hash_algorithm == 1) hashed_.push_back({*std::move(authentic), *std::move(own), *std::move(nsec3)});
}

void Denial::load() {
  if (std::exchange(loaded_, true)) return;
  for (std::size_t i = 0; i < chain_.size(); ++i) {
    if (chain_.set(i).type == RecordType::nsec) load_nsec(i);
    if (chain_.set(i).type == RecordType::nsec3) load_nsec3(i);
  }
}

const Denial::Span* Denial::at(const Name& name, RecordType type) const {
  for (const Span& span : spans_) {
    // Two zones meet at a cut, each with an NSEC at the same name: the upper one denies DS, the lower all else.
    const bool from_above = span.authentic.zone != name || name.is_root();
    if (span.owner == name && (type == RecordType::ds ? from_above : !is_delegation(span.nsec.types))) return &span;
  }
  return nullptr;
}

const Denial::Span* Denial::covering(const Name& name) const {
  for (const Span& span : spans_) {
    const bool last = span.nsec.next == span.authentic.zone;  // RFC 4034 4.1.1
    const bool inside = span.owner < name && (last || name < span.nsec.next);
    if (!inside || !name.is_within(span.authentic.zone) || !span.nsec.next.is_within(span.authentic.zone)) continue;
    if (name.is_within(span.owner) && !speaks_below(span.nsec.types)) continue;
    return &span;
  }
  return nullptr;
}

std::optional<Denied> Denial::by_nsec(const Name& name, RecordType type) const {
  if (const Span* here = at(name, type)) {
    if (!denies(here->nsec.types, type)) return std::nullopt;
    Denied out = denied(Denied::What::no_data, "NSEC at " + name.to_string(), {here->authentic});
    out.delegation = type == RecordType::ds && is_delegation(here->nsec.types);
    return out;
  }
  const Span* around = covering(name);
  if (!around) return std::nullopt;
  const std::string how = "NSEC from " + around->owner.to_string() + " to " + around->nsec.next.to_string();
  if (around->nsec.next.is_within(name)) return denied(Denied::What::no_data, how, {around->authentic});  // an empty non-terminal
  const Name owner_side = around->owner.common_with(name), next_side = around->nsec.next.common_with(name);
  const Name encloser = owner_side.label_count() > next_side.label_count() ? owner_side : next_side;
  const auto wildcard = encloser.child("*");
  if (!wildcard) return std::nullopt;
  if (const Span* star = at(*wildcard, type)) {
    if (!denies(star->nsec.types, type)) return std::nullopt;
    return denied(Denied::What::no_data, how + ", NSEC at " + wildcard->to_string(), {around->authentic, star->authentic});
  }
  const Span* no_star = covering(*wildcard);
  if (!no_star) return std::nullopt;
  return denied(Denied::What::no_name, how + ", no " + wildcard->to_string(), {around->authentic, no_star->authentic});
}

std::optional<Denied> Denial::of(const Name& name, RecordType type) {
  load();
  if (auto found = by_nsec(name, type)) return found;
  std::set<Name> zones;
  for (const HashedSpan& span : hashed_) {
    const bool own_ds = type == RecordType::ds && span.authentic.zone == name;
    if (name.is_within(span.authentic.zone) && !own_ds) zones.insert(span.authentic.zone);
  }
  for (const Name& zone : zones) {
    if (auto found = by_nsec3(name, type, zone)) return found;
  }
  return std::nullopt;
}

std::optional<Denied> Denial::of_closer(const Name& name, std::size_t labels, const Name& zone) {
  load();
  const Name encloser = name.ancestor(labels), next_closer = name.ancestor(labels + 1);
  if (const Span* around = covering(name)) {
    const Name owner_side = around->owner.common_with(name), next_side = around->nsec.next.common_with(name);
    const std::size_t closest_labels = std::max(owner_side.label_count(), next_side.label_count());
    if (around->authentic.zone == zone && closest_labels == encloser.label_count()) {
      return denied(Denied::What::no_name, "NSEC from " + around->owner.to_string() + " to " + around->nsec.next.to_string(), {around->authentic});
    }
  }
  const HashedSpan* around = covering_hash(next_closer, zone);
  if (!around || around->nsec3.opt_out) return std::nullopt;
  return denied(Denied::What::no_name, "NSEC3 around the hash of " + next_closer.to_string(), {around->authentic});
}

}  // namespace danewerk::engine::dnssec
