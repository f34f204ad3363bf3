#include "engine/rollover/rollover.h"

#include <gtest/gtest.h>

namespace danewerk::rollover {
namespace {

using namespace std::chrono_literals;

const Instant start = *parse_rfc3339("2026-11-23T12:00:00Z");
const Timing timing;

Step next(const std::vector<TrackedKey>& keys, const ZoneObservation& look, std::vector<std::string> here, Instant now, const Wish& wish = {}) {
  return next_step({keys, look, timing, wish, here, now});
}

TrackedKey key(const std::string& id, std::uint8_t fill) {
  TrackedKey out;
  out.facts.id = id;
  out.facts.tlsa = *types::TlsaRecord::parse("3 1 1 " + to_hex(Bytes(32, fill)));
  out.facts.created_at = start;
  out.displaced_ttl = Ttl{300};
  out.certificate = Certificate::obtained;
  return out;
}

TrackedKey seen(TrackedKey key, Instant at) {
  key.facts.published_at = at;
  key.facts.seen_everywhere_at = at;
  key.agreed_since = at;
  return key;
}

TrackedKey serving(TrackedKey key, Instant since) {
  key = seen(std::move(key), since - 1h);
  key.facts.serving_since = since;
  return key;
}

/// All servers and the resolver show the records of these keys.
ZoneObservation all_show(const std::vector<TrackedKey>& keys, Instant at) {
  ZoneObservation out;
  out.at = at;
  out.primary = ZoneObservation::Primary::as_desired;
  out.at_primary = published_records(keys);
  for (const char* server : {"ns1", "ns2"}) out.servers.push_back({server, Sight::verified, published_records(keys), "serial 7", at + 24h, Ttl{300}});
  out.validation = Validation::secure;
  out.validated = published_records(keys);
  return out;
}

std::string brief(const Step& step, Instant now) {
  const auto wait = std::chrono::duration_cast<std::chrono::seconds>(step.when - now).count();
  return std::string(to_string(step.what)) + " " + step.key + (wait > 0 ? " in " + std::to_string(wait) : "");
}

TEST(Rollover, begins_with_two_keys_then_publishes_looks_waits_and_serves) {  // PUB-03
  std::vector<TrackedKey> keys;
  EXPECT_EQ(brief(next(keys, all_show(keys, start), {}, start), start), "make_key ");
  keys = {key("a", 1)};
  EXPECT_EQ(brief(next(keys, ZoneObservation{}, {}, start), start), "make_key ");
  keys.push_back(key("b", 2));
  ZoneObservation empty_zone = all_show({}, start);
  empty_zone.primary = ZoneObservation::Primary::differs;
  EXPECT_EQ(brief(next(keys, empty_zone, {}, start), start), "publish ");
  ZoneObservation lagging = all_show(keys, start);
  lagging.servers[1].records.clear();
  const Step lag = next(keys, lagging, {}, start);
  EXPECT_EQ(brief(lag, start), "wait a in 5");
  EXPECT_NE(lag.why.find("ns2 (without it)"), std::string::npos) << lag.why;
  keys[0] = seen(keys[0], start);
  EXPECT_EQ(brief(next(keys, all_show(keys, start), {}, start), start), "wait a in 600");
  const Instant later = start + 600s;
  EXPECT_EQ(brief(next(keys, all_show(keys, later), {}, later), later), "serve a");
}

TEST(Rollover, the_gate_stays_shut_on_any_doubt) {  // PUB-03, DDNS-03
  const std::vector<TrackedKey> keys{seen(key("a", 1), start - 1h), seen(key("b", 2), start - 1h)};
  const auto step = [&keys](const ZoneObservation& look) { return next(keys, look, {}, start); };
  EXPECT_EQ(step(all_show(keys, start)).what, Action::serve);
  EXPECT_NE(step(all_show(keys, start - 2min)).what, Action::serve) << "an old look";
  for (const Sight sight : {Sight::unreachable, Sight::unverified}) {
    ZoneObservation one_blind = all_show(keys, start);
    one_blind.servers[1].sight = sight;
    EXPECT_NE(step(one_blind).what, Action::serve);
  }
  for (const Validation validation : {Validation::not_asked, Validation::insecure, Validation::failed}) {
    ZoneObservation unproven = all_show(keys, start);
    unproven.validation = validation;
    EXPECT_NE(step(unproven).what, Action::serve);
  }
  ZoneObservation stale_resolver = all_show(keys, start);
  stale_resolver.validated.erase(stale_resolver.validated.begin());
  EXPECT_NE(step(stale_resolver).what, Action::serve);
  ZoneObservation no_servers = all_show(keys, start);
  no_servers.servers.clear();
  EXPECT_NE(step(no_servers).what, Action::serve);
}

TEST(Rollover, a_broken_agreement_starts_the_wait_anew) {
  TrackedKey a = seen(key("a", 1), start);
  const std::vector<TrackedKey> keys{a};
  ZoneObservation regress = all_show(keys, start + 100s);
  regress.servers[0].records.clear();
  a.agreed_since = agreed_since(a, regress);
  EXPECT_EQ(ready_at(a), std::nullopt);
  a.agreed_since = agreed_since(a, all_show(keys, start + 200s));
  EXPECT_EQ(ready_at(a), start + 200s + 600s);
  EXPECT_EQ(agreed_since(a, all_show(keys, start + 300s)), start + 200s);
  ZoneObservation silent = all_show(keys, start + 400s);
  silent.servers[0].sight = Sight::unreachable;
  EXPECT_EQ(agreed_since(a, silent), start + 200s) << "no answer contradicts nothing";
  a.agreed_since.reset();
  EXPECT_EQ(agreed_since(a, silent), std::nullopt) << "and confirms nothing";
}

TEST(Rollover, old_key_leaves_only_when_nobody_serves_it) {
  std::vector<TrackedKey> keys{serving(key("a", 1), start), serving(key("b", 2), start + 1h)};
  const Instant now = start + 1h;
  EXPECT_EQ(brief(next(keys, all_show(keys, now), {"b"}, now), now), "retire a") << "a crash left two";
  keys[0].facts.retired_at = now;
  EXPECT_EQ(brief(next(keys, all_show(keys, now), {"b"}, now), now), "wait a in 300");
  EXPECT_EQ(brief(next(keys, all_show(keys, now + 300s), {"b"}, now + 300s), now + 300s), "withdraw a");
  EXPECT_EQ(next(keys, ZoneObservation{}, {}, now + 300s).what, Action::wait) << "the new key is not live";
  keys[0].facts.withdrawn_at = now + 300s;
  EXPECT_EQ(published_records(keys), types::TlsaSet{keys[1].facts.tlsa});
  EXPECT_EQ(brief(next(keys, all_show(keys, now + 300s), {"b"}, now + 300s), now + 300s), "make_key ");
}

TEST(Rollover, after_a_restart_the_same_key_serves_if_its_record_is_seen) {
  const std::vector<TrackedKey> keys{serving(key("a", 1), start), seen(key("b", 2), start)};
  const Instant now = start + 1h;
  ZoneObservation one_server = all_show(keys, now);
  one_server.servers[0].sight = Sight::unreachable;
  one_server.validation = Validation::failed;
  one_server.primary = ZoneObservation::Primary::unknown;
  EXPECT_EQ(brief(next(keys, one_server, {}, now), now), "serve a");
  one_server.servers[1].sight = Sight::unverified;
  EXPECT_EQ(brief(next(keys, one_server, {}, now), now), "wait a in 5");
}

TEST(Rollover, the_next_key_takes_over_when_the_time_has_come) {
  const std::vector<TrackedKey> keys{serving(key("a", 1), start), seen(key("b", 2), start)};
  const Instant due = start + timing.key_lifetime;
  EXPECT_EQ(brief(next(keys, all_show(keys, start), {"a"}, start), start), "wait b in 7776000");
  EXPECT_EQ(brief(next(keys, all_show(keys, due), {"a"}, due), due), "serve b");
}

TEST(Rollover, a_compromised_key_goes_at_once) {  // PUB-10
  std::vector<TrackedKey> keys{serving(key("a", 1), start), seen(key("b", 2), start)};
  keys[0].compromised_at = start + 1s;
  const Instant now = start + 1s;
  EXPECT_EQ(brief(next(keys, all_show(keys, now), {"a"}, now), now), "serve b") << "no cache wait";
  keys[1].facts.seen_everywhere_at.reset();
  EXPECT_EQ(brief(next(keys, all_show(keys, now), {"a"}, now), now), "make_key ") << "but never unseen";
  keys[1] = serving(keys[1], now);
  keys[0].facts.retired_at = now;
  EXPECT_EQ(brief(next({keys[0], keys[1], key("c", 3)}, all_show(keys, now), {"b"}, now), now), "withdraw a");
}

TEST(Rollover, certificates_are_renewed_before_they_end) {
  std::vector<TrackedKey> keys{serving(key("a", 1), start), seen(key("b", 2), start)};
  keys[0].certificate_expires = start + 30 * 24h;
  EXPECT_EQ(brief(next(keys, all_show(keys, start), {"a"}, start), start), "obtain_certificate a in 864000");
}

TEST(Rollover, what_a_new_record_displaces) {
  EXPECT_EQ(displaced_ttl(std::nullopt, Ttl{60}, {}, start), Ttl{60});
  EXPECT_EQ(displaced_ttl(Ttl{300}, Ttl{60}, {}, start), Ttl{300});
  EXPECT_EQ(displaced_ttl(Ttl{300}, Ttl{60}, EarlierTtl{Ttl{3600}, start - 1h}, start), Ttl{3600});
  EXPECT_EQ(displaced_ttl(Ttl{300}, Ttl{60}, EarlierTtl{Ttl{3600}, start - 3h}, start), Ttl{300});
}

}  // namespace
}  // namespace danewerk::rollover
