#include "service/publisher/key_book.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "io/tls/certificate.h"
#include "io/tls/certificate_file.h"
#include "io/tls/self_issue.h"

namespace danewerk::service {
namespace {

using rollover::TrackedKey;
using types::KeyEvent;

Result<types::CertificateInfo> leaf_of(const std::string& pem) {
  TRY(const tls::ParsedChain chain, tls::read_certificate_file(pem));
  return tls::describe_chain(chain.get()).front();
}

Result<Ttl> parse_seconds(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return fail(ErrorKind::corrupt, "'" + text + "' is no number of seconds");
  return Ttl{value};
}

std::optional<Instant>& instant_of(types::KeyFacts& facts, KeyEvent event) {
  switch (event) {
    case KeyEvent::published: return facts.published_at;
    case KeyEvent::seen_everywhere: return facts.seen_everywhere_at;
    case KeyEvent::serving: return facts.serving_since;
    case KeyEvent::retired: return facts.retired_at;
    case KeyEvent::withdrawn: return facts.withdrawn_at;
  }
  return facts.withdrawn_at;
}

/// "2026-11-23-ecdsa-1f3a9c2b", "2026-11-23-ecdsa-1f3a9c2b-pilot": the day and the group for people, the digest for uniqueness.
std::string key_id(Instant now, const std::string& group, types::KeyAlgorithm algorithm, const types::CertificateInfo& info) {
  return to_rfc3339(now).substr(0, 10) + "-" + to_string(types::line_of(algorithm)) + "-" + info.spki_sha256.substr(0, 8) +
         (group.empty() ? "" : "-" + group);
}

Result<types::KeyFacts> new_key(const std::string& group, types::KeyAlgorithm algorithm, const std::vector<types::DomainName>& names, Duration life,
                                Instant now) {
  types::KeyFacts facts;
  facts.group = group;
  facts.algorithm = algorithm;
  TRY(facts.private_key, io::generate_key(algorithm));
  TRY(facts.certificate, io::self_issue(facts.private_key, names, now - SelfIssued::clock_slack, now + life));
  TRY(const auto info, leaf_of(facts.certificate));
  facts.id = key_id(now, group, algorithm, info);
  facts.tlsa = tls::record_for(info, types::TlsaUsage::dane_ee, types::TlsaSelector::spki, types::TlsaMatching::sha2_256);  // PUB-05
  facts.created_at = now;
  return facts;
}

}  // namespace

Result<TrackedKey*> KeyBook::entry(const std::string& id) {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&id](const TrackedKey& key) { return key.facts.id == id; });
  if (found == keys_.end()) return fail(ErrorKind::not_found, "there is no key '" + id + "'");
  return &*found;
}

Result<const TrackedKey*> KeyBook::find(const std::string& id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&id](const TrackedKey& key) { return key.facts.id == id; });
  if (found == keys_.end()) return fail(ErrorKind::not_found, "there is no key '" + id + "'");
  return &*found;
}

rollover::Certificate KeyBook::kind_from(const std::string& source) const {
  return source == source_ ? rollover::Certificate::obtained : rollover::Certificate::interim;
}

io::Task<Result<void>> KeyBook::load(Instant now) {
  CO_TRY(const auto stored, co_await store_.keys());
  CO_TRY(const auto facts, co_await store_.zone_facts(zone_));
  keys_.clear();
  for (const types::KeyFacts& key : stored) {
    if (key.group != group_) continue;
    TrackedKey tracked;
    tracked.facts = key;
    tracked.displaced_ttl = Ttl{86400};  // where a crash lost the fact: longer than any TTL of ours
    if (key.retired_at) tracked.retired_from = now;
    tracked.certificate = kind_from(SelfIssued::self_issued_name);
    if (const auto info = leaf_of(key.certificate)) tracked.certificate_expires = info->not_after;
    else co_return fail(ErrorKind::corrupt, "the certificate of key " + key.id + " in the store: " + info.error().what);
    keys_.push_back(std::move(tracked));
  }
  for (const io::ZoneFact& fact : facts) CO_TRY_VOID(take_fact(fact));
  if (earlier_ttl_) earlier_ttl_->until = std::max(earlier_ttl_->until, now);
  co_return Result<void>{};
}

Result<void> KeyBook::take_fact(const io::ZoneFact& fact) {
  if (fact.name == "earlier-ttl" || fact.name == earlier_ttl_name()) {
    TRY(const Ttl ttl, parse_seconds(fact.value));
    const rollover::EarlierTtl other = earlier_ttl_.value_or(rollover::EarlierTtl{ttl, fact.at});
    earlier_ttl_ = rollover::EarlierTtl{std::max(ttl, other.ttl), std::max(fact.at, other.until)};
    return {};
  }
  const std::size_t slash = fact.name.find('/');
  const auto found = entry(slash == std::string::npos ? std::string{} : fact.name.substr(slash + 1));
  if (!found) return {};  // of a key that is gone
  TrackedKey& key = **found;
  const std::string kind = fact.name.substr(0, slash);
  if (kind == "displaced") {
    TRY(key.displaced_ttl, parse_seconds(fact.value));
  }
  if (kind == "compromised") key.compromised_at = fact.at;
  if (kind == "certificate-from") key.certificate = kind_from(fact.value);
  if (kind == "replace") {
    key.replace_asked_at = fact.at;
    key.replace_why = fact.value;
  }
  return {};
}

io::Task<Result<std::string>> KeyBook::make(types::KeyAlgorithm algorithm, std::vector<types::DomainName> names, Duration certificate_life,
                                            Ttl displaced, Instant now) {
  std::function<Result<types::KeyFacts>(std::size_t)> work = [group = group_, algorithm, names = std::move(names), certificate_life,
                                                              now](std::size_t) {
    return new_key(group, algorithm, names, certificate_life, now);
  };
  CO_TRY(const types::KeyFacts facts, co_await store_.workers().run<Result<types::KeyFacts>>(std::move(work)));
  const io::ZoneFact fact{"displaced/" + facts.id, std::to_string(displaced.count()), now};
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact));
  CO_TRY_VOID(co_await store_.add(facts));
  TrackedKey key;
  key.facts = facts;
  key.origin = rollover::Origin::this_process;
  key.displaced_ttl = displaced;
  key.certificate = kind_from(SelfIssued::self_issued_name);
  key.certificate_expires = now + certificate_life;
  keys_.push_back(key);
  co_return facts.id;
}

io::Task<Result<void>> KeyBook::mark(std::string id, KeyEvent event, Instant at) {
  CO_TRY(TrackedKey * key, entry(id));
  CO_TRY(const Instant counts, co_await store_.mark(id, event, at));
  CO_TRY(key, entry(id));
  instant_of(key->facts, event) = counts;
  if (event == KeyEvent::retired) key->retired_from = at;
  co_return Result<void>{};
}

io::Task<Result<void>> KeyBook::certify(std::string id, std::string chain, std::string from, Instant now) {
  CO_TRY(const auto leaf, leaf_of(chain));
  const io::ZoneFact fact{"certificate-from/" + id, from, now};
  CO_TRY_VOID(co_await store_.set_certificate(id, chain));
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact));
  CO_TRY(TrackedKey * key, entry(id));
  key->facts.certificate = chain;
  key->certificate_expires = leaf.not_after;
  key->certificate = kind_from(from);
  key->ask_source_at.reset();
  key->source_says.clear();
  co_return Result<void>{};
}

void KeyBook::note_source(const std::string& id, Instant ask_again, std::string why) {
  const auto key = entry(id);
  if (!key) return;
  (*key)->ask_source_at = ask_again;
  (*key)->source_says = std::move(why);
}

io::Task<Result<std::vector<std::string>>> KeyBook::note_look(const rollover::ZoneObservation& observation, Ttl wanted) {
  const auto earlier = rollover::earlier_after(earlier_ttl_, observation, wanted);
  const bool longer = earlier && (!earlier_ttl_ || earlier->ttl != earlier_ttl_->ttl);
  if (longer) CO_TRY_VOID(co_await note_earlier_ttl(*earlier));
  if (!earlier && earlier_ttl_) CO_TRY_VOID(co_await store_.erase_zone_fact(zone_, earlier_ttl_name()));
  earlier_ttl_ = earlier;
  std::vector<std::string> first_seen;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].facts.withdrawn_at || !keys_[i].facts.published_at) continue;
    const std::string id = keys_[i].facts.id;
    const Ttl displaced = rollover::displaced_after(keys_[i], observation);
    if (displaced > keys_[i].displaced_ttl) CO_TRY_VOID(co_await raise_displaced(id, displaced, observation.at));
    const auto agreed = rollover::agreed_since(keys_[i], observation);
    if (!keys_[i].facts.seen_everywhere_at && agreed) {
      CO_TRY_VOID(co_await mark(id, KeyEvent::seen_everywhere, observation.at));
      first_seen.push_back(id);
    }
    keys_[i].agreed_since = agreed;
  }
  co_return first_seen;
}

io::Task<Result<void>> KeyBook::raise_displaced(std::string id, Ttl displaced, Instant at) {
  const io::ZoneFact fact{"displaced/" + id, std::to_string(displaced.count()), at};
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact));
  CO_TRY(TrackedKey * key, entry(id));
  key->displaced_ttl = displaced;
  co_return Result<void>{};
}

io::Task<Result<void>> KeyBook::note_earlier_ttl(rollover::EarlierTtl earlier) {
  const io::ZoneFact fact{earlier_ttl_name(), std::to_string(earlier.ttl.count()), earlier.until};
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact));
  earlier_ttl_ = earlier;
  co_return Result<void>{};
}

io::Task<Result<void>> KeyBook::declare_compromised(std::string id, types::AdminAct act) {
  CO_TRY_VOID(entry(id));
  const io::ZoneFact fact{"compromised/" + id, act.why, act.at};
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact, act, "key.compromised", id));
  CO_TRY(TrackedKey * key, entry(id));  // it may have been erased meanwhile
  key->compromised_at = act.at;
  co_return Result<void>{};
}

io::Task<Result<void>> KeyBook::ask_replacement(std::string id, types::AdminAct act) {
  CO_TRY_VOID(entry(id));
  const io::ZoneFact fact{"replace/" + id, act.why, act.at};
  CO_TRY_VOID(co_await store_.put_zone_fact(zone_, fact, act, "key.roll", id));
  CO_TRY(TrackedKey * key, entry(id));
  key->replace_asked_at = act.at;
  key->replace_why = act.why;
  co_return Result<void>{};
}

io::Task<Result<void>> KeyBook::erase(std::string id) {
  CO_TRY_VOID(co_await store_.erase(id));
  constexpr std::array kinds{"displaced/", "agreed/", "compromised/", "replace/", "certificate-from/"};  // "agreed/": of older versions
  for (const char* kind : kinds) CO_TRY_VOID(co_await store_.erase_zone_fact(zone_, kind + id));
  std::erase_if(keys_, [&id](const TrackedKey& key) { return key.facts.id == id; });
  co_return Result<void>{};
}

}  // namespace danewerk::service
