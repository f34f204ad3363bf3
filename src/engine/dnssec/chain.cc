#include "engine/dnssec/chain.h"

#include <algorithm>

namespace danewerk::engine::dnssec {
namespace {

constexpr std::size_t most_work = 400;  // signatures tried for one proof; an honest one needs about 20

Failure<Error> refused(std::string why) { return fail(ErrorKind::refused, std::move(why)); }

/// RFC 4034 3.1.5: times wrap.
bool is_before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

std::string time_text(std::uint32_t when, std::uint32_t now) {
  const auto distance = static_cast<std::int32_t>(when - now);
  return to_rfc3339(Instant{std::chrono::seconds{static_cast<std::int64_t>(now) + distance}});
}

}  // namespace

Chain::Chain(const std::vector<RecordSet>& sets, const std::vector<TrustAnchor>& anchors, const Crypto& crypto, Instant at)
    : sets_(sets),
      anchors_(anchors),
      crypto_(crypto),
      now_(static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count())) {
  for (std::size_t i = 0; i < sets_.size(); ++i) places_.try_emplace({sets_[i].owner, sets_[i].type}, i);
}

std::optional<std::size_t> Chain::find(const Name& owner, RecordType type) const {
  const auto found = places_.find({owner, type});
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

/// RFC 4035 5.3.1; empty if the signature holds.
std::string Chain::fault_of(const RecordSet& set, ByteView rrsig, const Rrsig& facts, const std::vector<Bytes>& keys) {
  const std::size_t labels = set.owner.label_count() - (set.owner.is_wildcard() ? 1 : 0);
  if (facts.labels > labels) return "has more labels than the name";
  if (is_before(now_, facts.inception)) return "is valid only from " + time_text(facts.inception, now_);
  if (is_before(facts.expiration, now_)) return "has expired at " + time_text(facts.expiration, now_);
  Name owner = set.owner;
  if (facts.labels < labels) {
    const auto wildcard = set.owner.ancestor(facts.labels).child("*");
    if (!wildcard) return "is for a name that is too long";
    owner = *wildcard;
  }
  const Bytes data = signed_data(set, rrsig, facts, owner);
  std::string fault = "is by key " + std::to_string(facts.key_tag) + " of " + facts.signer.to_string() + ", which is not there";
  for (const Bytes& rdata : keys) {
    const auto key = read_dnskey(rdata);
    if (!key || !key->is_zone_key() || key->tag != facts.key_tag || key->algorithm != facts.algorithm) continue;
    if (++work_ > most_work) return "is one too many: a proof with more than " + std::to_string(most_work) + " signatures to try";
    if (crypto_.verify(facts.algorithm, key->key, data, rrsig.subspan(facts.signature_at))) return {};
    fault = "by key " + std::to_string(facts.key_tag) + " of " + facts.signer.to_string() + " does not match the records";
  }
  return fault;
}

Result<Authentic> Chain::check(std::size_t place, const Name* only_signer, const std::vector<Bytes>& keys) {
  const RecordSet& set = sets_[place];
  std::string faults;
  for (std::size_t i = 0; i < set.signatures.size(); ++i) {
    auto facts = read_rrsig(set.signatures[i]);
    std::string fault;
    if (!facts) {
      fault = facts.error().what;
    } else if (only_signer && facts->signer != *only_signer) {
      fault = "is by " + facts->signer.to_string();
    } else {
      fault = fault_of(set, set.signatures[i], *facts, keys);
    }
    if (fault.empty()) {
      const std::size_t labels = set.owner.label_count() - (set.owner.is_wildcard() ? 1 : 0);
      return Authentic{place, i, facts->signer, facts->labels, facts->labels < labels};
    }
    faults += (faults.empty() ? "the signature " : "; another ") + fault;
  }
  return refused(set.to_string() + ": " + (faults.empty() ? "not signed" : faults));
}

Result<Authentic> Chain::authenticate(std::size_t place) {
  const RecordSet& set = sets_[place];
  std::string faults;
  std::set<Name> signers;
  for (const Bytes& signature : set.signatures) {
    const auto facts = read_rrsig(signature);
    if (!facts || !signers.insert(facts->signer).second) continue;
    // RFC 4035 5.3.1: the signer is the zone that holds the set. A DS set is held by the parent (RFC 4035 2.4).
    const bool fits = set.owner.is_within(facts->signer) && !(set.type == RecordType::ds && set.owner == facts->signer);
    std::string fault = fits ? "" : set.to_string() + " cannot be signed by " + facts->signer.to_string();
    if (fits) {
      const Keys& keys = keys_of(facts->signer);
      if (keys.error) {
        fault = keys.error->what;
      } else {
        auto held = check(place, &facts->signer, keys.rdatas);
        if (held) return held;
        fault = held.error().what;
      }
    }
    faults += (faults.empty() ? "" : "; ") + fault;
  }
  return refused(faults.empty() ? set.to_string() + " is not signed" : faults);
}

const Chain::Keys& Chain::keys_of(const Name& zone) {
  if (const auto known = keys_.find(zone); known != keys_.end()) return known->second;
  // Entered as a failure first, so that zones which vouch for each other in a circle end here.
  keys_[zone].error = Error{ErrorKind::refused, zone.to_string() + ": its keys vouch for themselves"};
  Keys loaded;
  auto done = load_keys(zone, loaded);
  if (!done) loaded.error = std::move(done).error();
  return keys_[zone] = std::move(loaded);
}

std::vector<Bytes> Chain::vouched_for(const Name& zone, const RecordSet& keys, const std::vector<Bytes>& ds) const {
  std::vector<Bytes> out;
  for (const Bytes& rdata : keys.rdatas) {
    const auto key = read_dnskey(rdata);
    if (!key || !key->is_zone_key()) continue;
    Bytes hashed = zone.wire();  // RFC 4034 5.1.4
    hashed.insert(hashed.end(), rdata.begin(), rdata.end());
    const bool named = std::any_of(ds.begin(), ds.end(), [&](const Bytes& one) {
      const auto facts = read_ds(one);
      if (!facts || facts->key_tag != key->tag || facts->algorithm != key->algorithm || facts->digest_type == 1) return false;
      const auto digest = crypto_.digest(facts->digest_type, hashed);
      return digest && std::equal(digest->begin(), digest->end(), facts->digest.begin(), facts->digest.end());
    });
    if (named) out.push_back(rdata);
  }
  return out;
}

Result<void> Chain::load_keys(const Name& zone, Keys& into) {
  const auto place = find(zone, RecordType::dnskey);
  if (!place) return refused("the keys of " + zone.to_string() + " are not in the proof");
  const RecordSet& set = sets_[*place];
  std::vector<Bytes> trusted;
  if (zone.is_root()) {
    std::vector<Bytes> ds;
    for (const TrustAnchor& anchor : anchors_) {
      if (anchor.type == RecordType::ds) ds.push_back(anchor.rdata);
      if (anchor.type == RecordType::dnskey && std::find(set.rdatas.begin(), set.rdatas.end(), anchor.rdata) != set.rdatas.end()) {
        trusted.push_back(anchor.rdata);
      }
    }
    const auto by_digest = vouched_for(zone, set, ds);
    trusted.insert(trusted.end(), by_digest.begin(), by_digest.end());
    if (trusted.empty()) return refused("none of the root's keys in the proof is among the trust anchors given");
  } else {
    const auto ds = find(zone, RecordType::ds);
    if (!ds) return refused("no DS of " + zone.to_string() + " is in the proof");
    TRY(Authentic vouching, authenticate(*ds));
    if (vouching.expanded) return refused(sets_[*ds].to_string() + " comes from a wildcard");
    trusted = vouched_for(zone, set, sets_[*ds].rdatas);
    if (trusted.empty()) return refused("no key of " + zone.to_string() + " is named by its DS");
    into.rests_on.push_back(std::move(vouching));
  }
  TRY(Authentic held, check(*place, &zone, trusted));
  into.rests_on.push_back(std::move(held));
  into.rdatas = set.rdatas;
  return {};
}

void Chain::rest_on(const Authentic& authentic) {
  if (!rested_on_.emplace(authentic.set, authentic.signature).second) return;
  for (const Authentic& below : keys_of(authentic.zone).rests_on) rest_on(below);
}

bool Chain::nothing_known(const RecordSet& ds) const {
  return std::none_of(ds.rdatas.begin(), ds.rdatas.end(), [&](const Bytes& rdata) {
    const auto facts = read_ds(rdata);
    return facts && crypto_.knows(facts->algorithm) && (facts->digest_type == 1 || facts->digest_type == 2 || facts->digest_type == 4);
  });
}

}  // namespace danewerk::engine::dnssec
