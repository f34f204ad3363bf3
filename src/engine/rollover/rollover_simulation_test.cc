// Thousands of small worlds (simulated_world.h): in none may a cache contradict a served key. Then each wait and each gate is
// taken away in turn, and the simulation must notice: a rule nobody would miss is either superfluous or untested.
//
// 10,000 seeds by default; a million: DANEWERK_SEEDS=1000000 dw_engine_rollover_test --gtest_filter=RolloverSimulation.no_cache*
// (11 min of CPU time; 27 November 2026: no contradiction).
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "engine/rollover/simulated_world.h"

namespace danewerk::rollover::simulated {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
constexpr std::uint64_t usual_seeds = 200;
#else
constexpr std::uint64_t usual_seeds = 10'000;
#endif
constexpr std::uint64_t patience = 2'500;  // seeds in which a spoiled rule must have done harm
constexpr std::uint64_t trust = 100;       // seeds in which a harmless one must not

std::uint64_t seeds_wanted() {
  const char* text = std::getenv("DANEWERK_SEEDS");
  return text ? std::strtoull(text, nullptr, 10) : usual_seeds;
}

TEST(RolloverSimulation, no_cache_ever_contradicts_a_served_key) {  // PUB-02, PUB-03, PUB-04, PUB-10, SNI-03
  const Spoiler nothing{};
  std::uint64_t switches = 0;
  for (std::uint64_t seed = 1; seed <= seeds_wanted(); ++seed) {
    World world(seed, nothing);
    const std::string fault = world.run();
    ASSERT_EQ(fault, "") << "seed " << seed;
    switches += static_cast<std::uint64_t>(world.switches());
  }
  std::printf("  %llu worlds, %llu times a key began to serve\n", static_cast<unsigned long long>(seeds_wanted()), static_cast<unsigned long long>(switches));
  EXPECT_GT(switches, seeds_wanted() * 2) << "who never changes a key proves nothing";
}

std::vector<Spoiler> spoiled_waits() {
  std::vector<Spoiler> out(9);
  out[0].name = "one TTL instead of two";
  out[0].key = [](TrackedKey& k) { k.displaced_ttl /= 2; };
  out[1].name = "no wait for caches";
  out[1].key = [](TrackedKey& k) { k.displaced_ttl = Ttl{0}; };
  out[2].name = "the wait counted from the update";
  out[2].key = [](TrackedKey& k) {
    if (k.agreed_since) k.agreed_since = k.facts.published_at;
  };
  out[3].name = "absence counts as nothing displaced";
  out[3].key = [](TrackedKey& k) {
    if (k.facts.id == "1" || k.facts.id == "2") k.displaced_ttl = Ttl{0};
  };
  out[4].name = "no wait before the old record goes";
  out[4].timing = [](Timing& t) { t.propagation = 0s; };
  out[5].name = "waits go on over a restart";
  out[5].trust_the_clock = true;
  out[6].name = "a server that falls back is not noticed";
  out[6].forget_agreement_breaks = true;
  out[7].name = "a key serves when it is made";
  out[7].key = [](TrackedKey& k) { k.facts.seen_everywhere_at = k.agreed_since = k.facts.created_at; };
  out[7].look = [](ZoneObservation& seen) { seen.servers.resize(1); };
  out[8].name = "the key life is no wait: it may be nothing";  // and then nothing may break
  out[8].timing = [](Timing& t) { t.key_lifetime = 1s; };
  return out;
}

std::vector<Spoiler> spoiled_gates() {
  std::vector<Spoiler> out(5);
  out[0].name = "only the primary is looked at";
  out[0].look = [](ZoneObservation& seen) { seen.servers.resize(1); };
  out[0].key = [](TrackedKey& k) {
    if (k.facts.published_at) k.facts.seen_everywhere_at = k.agreed_since = k.facts.published_at;
  };
  out[1].name = "edges are not connected to";
  out[1].wish = [](Wish& wish) { wish.probing = Probing::off; };
  out[2].name = "only the nearest edge is connected to";
  out[2].look = [](ZoneObservation& seen) {
    if (seen.edges) seen.edges->sights.resize(2);
  };
  out[3].name = "an edge that cannot be reached counts as switched";
  out[3].look = [](ZoneObservation& seen) {
    if (!seen.edges) return;
    std::erase_if(seen.edges->sights, [](const EdgeSight& edge) { return edge.answer == EdgeAnswer::unreachable; });
    for (const types::KeyLine line : types::all_key_lines) seen.edges->sights.push_back({"nobody", line, EdgeAnswer::no_such_line, {}, ""});
  };
  out[4].name = "an older store is believed";
  out[4].look = [](ZoneObservation& seen) { seen.at_primary.clear(); };
  return out;
}

/// The first broken promise within so many seeds.
std::string harm_of(const Spoiler& spoiler, std::uint64_t seeds, std::uint64_t& seed) {
  for (seed = 1; seed <= seeds; ++seed) {
    std::string fault = World(seed, spoiler).run();
    if (!fault.empty()) return fault;
  }
  return {};
}

TEST(RolloverSimulation, every_wait_and_every_gate_is_needed) {  // PUB-03
  auto spoilers = spoiled_waits();
  for (Spoiler& gate : spoiled_gates()) spoilers.push_back(std::move(gate));
  for (const Spoiler& spoiler : spoilers) {
    const bool harmless = spoiler.name.starts_with("the key life");
    std::uint64_t seed = 0;
    const std::string harm = harm_of(spoiler, harmless ? trust : patience, seed);
    EXPECT_EQ(harm.empty(), harmless) << spoiler.name << ": " << (harm.empty() ? "nothing noticed" : harm);
    if (!harm.empty()) std::printf("  %-50s seed %llu: %s\n", spoiler.name.c_str(), static_cast<unsigned long long>(seed), harm.c_str());
  }
}

}  // namespace
}  // namespace danewerk::rollover::simulated
