// Two lines of keys, edges that are connected to, certificates of others, what people ask for, and older copies of the store.
#include <gtest/gtest.h>

#include "engine/rollover/emergency.h"

namespace danewerk::rollover {
namespace {

using namespace std::chrono_literals;
using types::KeyAlgorithm;
using types::KeyLine;

const Instant start = *parse_rfc3339("2026-11-23T12:00:00Z");
const Timing timing;
const Wish both{{KeyAlgorithm::ecdsa_p256, KeyAlgorithm::rsa_2048}, Probing::off};

TrackedKey key(const std::string& id, KeyAlgorithm algorithm) {
  TrackedKey out;
  out.facts.id = id;
  out.facts.algorithm = algorithm;
  out.facts.tlsa = *types::TlsaRecord::parse("3 1 1 " + to_hex(Bytes(32, static_cast<std::uint8_t>(id[0]))));
  out.facts.created_at = out.facts.published_at.emplace(start - 2h);
  out.facts.seen_everywhere_at = out.agreed_since = start - 2h;
  out.displaced_ttl = Ttl{300};
  out.certificate = Certificate::obtained;
  return out;
}

TrackedKey serving(const std::string& id, KeyAlgorithm algorithm) {
  TrackedKey out = key(id, algorithm);
  out.facts.serving_since = start - 1h;
  return out;
}

ZoneObservation all_show(const std::vector<TrackedKey>& keys) {
  ZoneObservation out;
  out.at = start;
  out.primary = ZoneObservation::Primary::as_desired;
  out.at_primary = out.validated = published_records(keys);
  out.servers = {{"ns1", Sight::verified, out.at_primary, "", start + 24h, Ttl{300}}, {"ns2", Sight::verified, out.at_primary, "", start + 48h, Ttl{300}}};
  out.validation = Validation::secure;
  return out;
}

Step next(const std::vector<TrackedKey>& keys, const ZoneObservation& look, std::vector<std::string> here, const Wish& wish) {
  return next_step({keys, look, timing, wish, here, start});
}

std::string brief(const Step& step) { return std::string(to_string(step.what)) + " " + step.key; }

std::vector<TrackedKey> four() {
  return {serving("a", KeyAlgorithm::ecdsa_p256), key("b", KeyAlgorithm::ecdsa_p256), serving("r", KeyAlgorithm::rsa_2048), key("s", KeyAlgorithm::rsa_2048)};
}

TEST(RolloverLines, each_has_a_current_and_a_next_key) {
  std::vector<TrackedKey> keys = four();
  keys.resize(2);
  const Step made = next(keys, all_show(keys), {"a"}, both);
  EXPECT_EQ(made.what, Action::make_key);
  EXPECT_EQ(made.algorithm, KeyAlgorithm::rsa_2048);
  keys = four();
  EXPECT_EQ(next(keys, all_show(keys), {"a", "r"}, both).what, Action::wait);
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a"}, both)), "serve r") << "after a restart both come back";
}

TEST(RolloverLines, one_change_at_a_time) {  // PUB-04
  std::vector<TrackedKey> keys = four();
  keys[0].replace_asked_at = keys[2].replace_asked_at = start;
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a", "r"}, both)), "serve b");
  keys[1].facts.serving_since = start;
  keys[0].facts.retired_at = start;
  const auto steps = agenda({keys, all_show(keys), timing, both, {"b", "r"}, start});
  EXPECT_NE(steps.front().why.find("one change at a time"), std::string::npos) << steps.front().why;
  keys[2].compromised_at = start;
  EXPECT_EQ(brief(next(keys, all_show(keys), {"b", "r"}, both)), "serve s") << "a theft does not wait for it";
}

TEST(RolloverLines, a_line_is_added_and_removed_through_the_same_gates) {
  std::vector<TrackedKey> keys = four();
  const Wish rsa_only{{KeyAlgorithm::rsa_2048}, Probing::off};
  keys[2].facts.serving_since.reset();
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a"}, rsa_only)), "serve r");
  ZoneObservation unseen = all_show(keys);
  unseen.servers[1].records.clear();
  EXPECT_EQ(brief(next(keys, unseen, {"a"}, rsa_only)), "withdraw b") << "it never served, and shall not";
  keys[1].facts.withdrawn_at = start;
  EXPECT_EQ(next(keys, unseen, {"a"}, rsa_only).what, Action::wait) << "ECDSA serves until RSA may";
  keys[2].facts.serving_since = start;
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a", "r"}, rsa_only)), "retire a");
  keys[0].facts.retired_at = start;
  EXPECT_EQ(next(keys, all_show(keys), {"r"}, rsa_only).what, Action::wait) << "late edges";
}

TEST(RolloverLines, another_length_of_rsa_is_a_change_of_keys) {
  std::vector<TrackedKey> keys = four();
  const Wish longer{{KeyAlgorithm::ecdsa_p256, KeyAlgorithm::rsa_3072}, Probing::off};
  EXPECT_EQ(next(keys, all_show(keys), {"a", "r"}, longer).algorithm, KeyAlgorithm::rsa_3072);
  keys.push_back(key("t", KeyAlgorithm::rsa_3072));
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a", "r"}, longer)), "serve t");
}

TEST(RolloverLines, never_more_than_eight_records) {  // PUB-09
  std::vector<TrackedKey> keys = four();
  for (const char* id : {"e", "f", "g", "h"}) {
    keys.push_back(serving(id, KeyAlgorithm::ecdsa_p256));
    keys.back().facts.retired_at = start;
  }
  keys[1].compromised_at = start;
  for (const Step& step : agenda({keys, all_show(keys), timing, both, {}, start})) EXPECT_NE(step.what, Action::make_key);
}

EdgeSight edge(const char* address, EdgeAnswer answer, const TrackedKey& shows) {
  return {address, KeyLine::ecdsa, answer, shows.facts.tlsa, "timeout"};
}

TEST(RolloverEdges, the_old_record_stays_until_every_edge_was_seen_to_serve_the_new_key) {
  const Wish probed{{KeyAlgorithm::ecdsa_p256}, Probing::required};
  std::vector<TrackedKey> keys{serving("a", KeyAlgorithm::ecdsa_p256), serving("b", KeyAlgorithm::ecdsa_p256)};
  keys[0].facts.retired_at = start - timing.propagation;
  ZoneObservation look = all_show(keys);
  const auto why = [&] { return next(keys, look, {"b"}, probed); };
  EXPECT_NE(why().why.find("not connected to"), std::string::npos) << why().why;
  look.edges = EdgeObservation{start, {edge("192.0.2.1", EdgeAnswer::presented, keys[1]), edge("192.0.2.2", EdgeAnswer::presented, keys[0])}};
  EXPECT_NE(why().why.find("192.0.2.2 still serves it"), std::string::npos) << why().why;
  EXPECT_EQ(why().cause, Cause::obstacle);
  look.edges->sights[1] = edge("192.0.2.2", EdgeAnswer::unreachable, keys[1]);
  EXPECT_NE(why().why.find("192.0.2.2 could not be connected to (timeout)"), std::string::npos) << why().why;
  look.edges->sights[1] = edge("192.0.2.2", EdgeAnswer::presented, keys[1]);
  EXPECT_EQ(brief(why()), "withdraw a");
  look.edges->at = start - timing.propagation - 1s;
  EXPECT_EQ(why().what, Action::wait) << "a look from before the switch proves nothing";
}

TEST(RolloverCertificates, the_source_is_asked_in_time_and_the_calendar_waits_for_it) {
  const Wish wish;
  std::vector<TrackedKey> keys{serving("a", KeyAlgorithm::ecdsa_p256), key("b", KeyAlgorithm::ecdsa_p256)};
  keys[1].certificate = Certificate::interim;
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a"}, wish)), "obtain_certificate b");
  keys[1].ask_source_at = start + 15min;
  keys[1].source_says = "the CA is down";
  keys[0].replace_asked_at = start;
  EXPECT_NE(next(keys, all_show(keys), {"a"}, wish).why.find("the CA is down"), std::string::npos);
  keys[0].compromised_at = start;
  EXPECT_EQ(brief(next(keys, all_show(keys), {"a"}, wish)), "serve b") << "a theft does not wait for a CA";
  std::vector<TrackedKey> first{keys[1], key("c", KeyAlgorithm::ecdsa_p256)};
  EXPECT_EQ(brief(next(first, all_show(first), {}, wish)), "serve b") << "nor does the first start";
}

TEST(RolloverRestore, a_key_older_than_what_is_published_never_serves_again) {
  const Wish wish;
  std::vector<TrackedKey> keys{serving("a", KeyAlgorithm::ecdsa_p256), key("b", KeyAlgorithm::ecdsa_p256)};
  ZoneObservation newer = all_show({key("b", KeyAlgorithm::ecdsa_p256), key("c", KeyAlgorithm::ecdsa_p256)});
  newer.primary = ZoneObservation::Primary::differs;
  EXPECT_EQ(brief(next(keys, newer, {}, wish)), "supersede a");
  EXPECT_EQ(brief(next(keys, newer, {"a"}, wish)), "publish ") << "a zone that changes under a running process is mended";
  keys[0].facts.withdrawn_at = start;
  keys.push_back(TrackedKey{key("d", KeyAlgorithm::ecdsa_p256)});
  keys[2].facts.published_at.reset();
  EXPECT_EQ(brief(next(keys, newer, {}, wish)), "supersede d") << "it may have come and gone";
  keys[2].origin = Origin::this_process;
  EXPECT_EQ(brief(next(keys, newer, {}, wish)), "serve b") << "a key made since is no older than the zone: else they would be made for ever";
  keys.pop_back();
  keys[0].facts.withdrawn_at.reset();
  ZoneObservation empty = newer;
  empty.at_primary.clear();
  EXPECT_EQ(brief(next(keys, empty, {}, wish)), "publish ") << "a zone that lost all is filled again";
}

TEST(RolloverTtl, a_server_that_still_gives_a_longer_one_is_counted) {  // PUB-03
  TrackedKey incoming = key("b", KeyAlgorithm::ecdsa_p256);
  ZoneObservation look = all_show({key("a", KeyAlgorithm::ecdsa_p256)});
  look.servers[1].ttl = Ttl{3600};
  EXPECT_EQ(displaced_after(incoming, look), Ttl{3600});
  const auto earlier = earlier_after(std::nullopt, look, Ttl{300});
  ASSERT_TRUE(earlier.has_value());
  EXPECT_EQ(earlier->ttl, Ttl{3600});
  look.servers[1].ttl = Ttl{300};
  look.at = start + 2h - 1s;
  EXPECT_TRUE(earlier_after(earlier, look, Ttl{300}).has_value());
  look.at = start + 2h;
  EXPECT_FALSE(earlier_after(earlier, look, Ttl{300}).has_value());
  look.servers[1].records.push_back(incoming.facts.tlsa);
  look.servers[1].ttl = Ttl{3600};
  EXPECT_EQ(displaced_after(incoming, look), Ttl{300}) << "a server that has it displaces nothing";
}

TEST(RolloverEmergency, says_what_it_costs) {  // PUB-10
  std::vector<TrackedKey> keys = four();
  ZoneObservation look = all_show(keys);
  const std::vector<std::string> here{"a", "r"};
  const Emergency ready = emergency_of({keys, look, timing, both, here, start}, "a", Ttl{3600});
  EXPECT_EQ(ready.successor, "b");
  EXPECT_EQ(ready.mail_waits_at_most, Duration(0));
  EXPECT_EQ(ready.forgeable_until, start + 48h) << "the server whose signatures live longest";
  keys[1].agreed_since = start - 200s;
  EXPECT_EQ(emergency_of({keys, look, timing, both, here, start}, "a", Ttl{3600}).mail_waits_at_most, 400s);
  keys[1].agreed_since.reset();
  EXPECT_EQ(emergency_of({keys, look, timing, both, here, start}, "a", Ttl{3600}).mail_waits_at_most, 600s);
  EXPECT_EQ(emergency_of({keys, look, timing, both, here, start}, "s", Ttl{3600}).mail_waits_at_most, Duration(0)) << "a next key is only withdrawn";
  keys.erase(keys.begin() + 1);
  const Emergency none = emergency_of({keys, look, timing, both, here, start}, "a", Ttl{3600});
  EXPECT_EQ(none.successor, std::nullopt);
  EXPECT_EQ(none.mail_waits_at_most, 2h);
}

}  // namespace
}  // namespace danewerk::rollover
