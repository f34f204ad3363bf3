// The rollover in a small world: servers that lag and fall back, caches that ask at random instants, caches behind caches
// that start the TTL anew, edges that switch late, crashes between any two facts. The invariant, checked at every fetch and
// at every switch: no answer that some cache may still believe contradicts a key that some edge serves. An answer "there
// are no records" contradicts too, because it lets mail go unauthenticated to a host that we report as protected.
//
// 2,000 seeds by default: dw_engine_rollover_test --gtest_filter=RolloverSimulation.* with DANEWERK_SEEDS=100000 for more.
// Each wait is then spoiled in turn, and the simulation must notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "engine/rollover/rollover.h"

namespace danewerk::rollover {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::seconds;

/// What is spoiled, and how: applied to what next_step is told.
struct Spoiler {
  std::string name;
  std::function<void(TrackedKey&, const Timing&)> key = [](TrackedKey&, const Timing&) {};
  std::function<void(Timing&)> timing = [](Timing&) {};
  std::function<void(ZoneObservation&)> look = [](ZoneObservation&) {};
  bool forget_agreement_breaks = false;
};

struct Answer {
  std::set<std::uint32_t> keys;  // of the records in it; empty: there are none
  Instant until;
  Seconds ttl{0};
};

struct Server {
  std::set<std::uint32_t> keys;
  Seconds ttl{0};
  struct Arrival {
    Instant at;
    std::set<std::uint32_t> keys;
    Seconds ttl;
  };
  std::vector<Arrival> coming;  // transfers under way
};

class World {
 public:
  World(std::uint64_t seed, const Spoiler& spoiler) : random_(seed), spoiler_(spoiler) {
    ttl_ = Seconds(10 + pick(100));
    negative_ = Seconds(10 + pick(100));
    timing_.propagation = Seconds(10 + pick(60));
    timing_.key_lifetime = Seconds(400 + pick(500));
    timing_.look_again = 5s;
    servers_.resize(1 + pick(3));
    caches_.resize(6);
    serving_.resize(3);
  }

  /// The first broken promise, in words; empty if all were kept.
  std::string run() {
    const Instant end = now_ + 2500s;
    Instant look_at = now_;
    while (now_ < end && fault_.empty()) {
      deliver_transfers();
      let_senders_ask();
      switch_late_edges();
      if (now_ >= look_at && now_ >= down_until_) look_at = now_ + think();
      misfortune();
      now_ += 1s;
    }
    if (fault_.empty() && rollovers_ < 2) fault_ = "only " + std::to_string(rollovers_) + " switches in 2500 s";
    return fault_;
  }

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  bool chance(std::uint32_t one_in) { return pick(one_in) == 0; }

  static types::TlsaRecord record(std::uint32_t number) {
    types::TlsaRecord out;
    out.data = Bytes(32, 0);
    for (int i = 0; i < 4; ++i) out.data[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> 8 * i);
    return out;
  }
  static std::uint32_t number_of(const TrackedKey& key) { return static_cast<std::uint32_t>(std::stoul(key.facts.id)); }

  // --- the world outside ---

  void deliver_transfers() {
    for (Server& server : servers_) {
      while (!server.coming.empty() && server.coming.front().at <= now_) {
        server.keys = server.coming.front().keys;
        server.ttl = server.coming.front().ttl;
        server.coming.erase(server.coming.begin());
      }
    }
  }

  /// Caches 0 to 2 ask a server; 3 to 5 ask one of those, and start its TTL anew.
  void let_senders_ask() {
    for (std::size_t i = 0; i < caches_.size(); ++i) {
      if (caches_[i].until > now_ || !chance(12)) continue;
      if (i < 3) {
        fetch(caches_[i]);
      } else {
        Answer& first = caches_[pick(3)];
        if (first.until <= now_) fetch(first);
        caches_[i] = {first.keys, now_ + first.ttl, first.ttl};
      }
      check(caches_[i]);
    }
  }

  void fetch(Answer& into) {
    const Server& server = servers_[pick(static_cast<std::uint32_t>(servers_.size()))];
    const Seconds ttl = server.keys.empty() ? negative_ : server.ttl;
    into = {server.keys, now_ + ttl, ttl};
    check(into);
  }

  void check(const Answer& answer) {
    if (answer.until <= now_) return;
    for (std::uint32_t key : serving_) {
      if (key != 0 && !answer.keys.contains(key) && fault_.empty()) {
        fault_ = "at " + std::to_string(now_.time_since_epoch().count() / 1000) + " s a cache does not know the served key " + std::to_string(key);
      }
    }
  }

  void switch_late_edges() {
    for (std::size_t i = 1; i < serving_.size(); ++i) {
      if (ours_ == 0 || serving_[i] == ours_ || now_ < switched_at_ + timing_.propagation * static_cast<int>(i) / 2 - 1s) continue;
      serving_[i] = ours_;
      check_all();
    }
  }

  void check_all() {
    for (const Answer& answer : caches_) check(answer);
  }

  /// A secondary falls back to what it had before, and stays so for longer than we look away; or we crash.
  void misfortune() {
    if (chance(900)) {
      served_here_.reset();  // the process is gone; facts stay
      serving_[0] = 0;
      down_until_ = now_ + Seconds(1 + pick(20));
    }
    const bool waiting = std::any_of(keys_.begin(), keys_.end(), [](const TrackedKey& k) { return !k.facts.serving_since && !k.facts.withdrawn_at; });
    if (servers_.size() > 1 && waiting && chance(400)) {
      Server& server = servers_.back();
      if (!server.coming.empty() || older_.empty() || !may_fall_back_to(older_)) return;
      server.coming.push_back({now_ + Seconds(40 + pick(60)), server.keys, server.ttl});
      server.keys = older_;
    }
  }

  /// A fallback to a set without the key that serves is nobody's fault: only such as endanger the next key.
  bool may_fall_back_to(const std::set<std::uint32_t>& set) const {
    return std::all_of(serving_.begin(), serving_.end(), [&set](std::uint32_t k) { return k == 0 || set.contains(k); });
  }

  // --- the publisher, as service/publisher does it ---

  ZoneObservation look() {
    ZoneObservation out;
    out.at = now_;
    std::set<std::uint32_t> wanted;
    for (const TrackedKey& key : keys_) {
      if (!key.facts.withdrawn_at) wanted.insert(number_of(key));
    }
    const bool same = servers_[0].keys == wanted && servers_[0].ttl == ttl_;
    out.primary = same || !servers_[0].coming.empty() ? ZoneObservation::Primary::as_desired : ZoneObservation::Primary::differs;
    for (const Server& server : servers_) {
      out.servers.push_back({"ns", chance(40) ? Sight::unreachable : Sight::verified, records(server.keys), ""});
    }
    out.validation = Validation::secure;
    out.validated = records(servers_[0].keys);
    return out;
  }

  static types::TlsaSet records(const std::set<std::uint32_t>& keys) {
    types::TlsaSet out;
    for (std::uint32_t key : keys) out.push_back(record(key));
    return out;
  }

  /// Looks, decides, acts until there is nothing to do now. Returns how long to look away.
  Seconds think() {
    for (int turn = 0; turn < 10; ++turn) {
      ZoneObservation seen = look();
      for (TrackedKey& key : keys_) {
        if (seen_everywhere(key.facts.tlsa, seen) && !key.facts.seen_everywhere_at) key.facts.seen_everywhere_at = now_;
        const auto agreed = agreed_since(key, seen);
        if (agreed || !spoiler_.forget_agreement_breaks) key.agreed_since = agreed;
      }
      const Step step = decide(std::move(seen));
      if (step.what == Action::wait || step.when > now_) break;
      act(step);
      if (chance(30)) {  // a crash right behind any step
        served_here_.reset();
        serving_[0] = 0;
        return Seconds(1 + pick(10));
      }
    }
    return Seconds(1 + pick(10));
  }

  Step decide(ZoneObservation seen) {
    std::vector<TrackedKey> told = keys_;
    Timing timing = timing_;
    spoiler_.timing(timing);
    spoiler_.look(seen);
    for (TrackedKey& key : told) spoiler_.key(key, timing_);
    std::optional<std::string_view> here;
    if (served_here_) here = *served_here_;
    return next_step(told, seen, timing, here, now_);
  }

  TrackedKey& find(const std::string& id) {
    return *std::find_if(keys_.begin(), keys_.end(), [&id](const TrackedKey& k) { return k.facts.id == id; });
  }

  void act(const Step& step) {
    switch (step.what) {
      case Action::make_key: return make_key();
      case Action::publish: return publish();
      case Action::serve: return serve(step.key);
      case Action::retire: find(step.key).facts.retired_at = now_; return;
      case Action::withdraw: find(step.key).facts.withdrawn_at = now_; return;
      default: fault_ = std::string("unexpected ") + to_string(step.what);
    }
  }

  void make_key() {
    if (!keys_.empty() && chance(2)) change_ttl();
    TrackedKey key;
    key.facts.id = std::to_string(++last_key_);
    key.facts.tlsa = record(last_key_);
    key.facts.created_at = now_;
    const bool standing = std::any_of(keys_.begin(), keys_.end(), [](const TrackedKey& k) { return k.facts.published_at && !k.facts.withdrawn_at; });
    key.displaced_ttl = displaced_ttl(standing ? std::optional(Ttl(ttl_.count())) : std::nullopt, Ttl(negative_.count()), earlier_, now_);
    keys_.push_back(key);
  }

  /// The operator shortens or lengthens the TTL: what was published before outlives it in caches.
  void change_ttl() {
    earlier_ = EarlierTtl{displaced_ttl(Ttl(ttl_.count()), Ttl{0}, earlier_, now_), now_ + 1min};  // the last server may lag
    ttl_ = Seconds(10 + pick(100));
  }

  void publish() {
    std::set<std::uint32_t> wanted;
    for (TrackedKey& key : keys_) {
      if (key.facts.withdrawn_at) continue;
      wanted.insert(number_of(key));
      if (!key.facts.published_at) key.facts.published_at = now_;
    }
    older_ = servers_[0].keys;
    servers_[0].keys = wanted;
    servers_[0].ttl = ttl_;
    for (std::size_t i = 1; i < servers_.size(); ++i) {
      Instant at = now_ + Seconds(pick(50));
      if (!servers_[i].coming.empty()) at = std::max(at, servers_[i].coming.back().at);
      servers_[i].coming.push_back({at, wanted, ttl_});
    }
  }

  void serve(const std::string& id) {
    TrackedKey& key = find(id);
    const bool fresh = !key.facts.serving_since;
    if (fresh) key.facts.serving_since = now_;
    served_here_ = id;
    serving_[0] = number_of(key);
    if (fresh) {
      ++rollovers_;
      ours_ = number_of(key);
      switched_at_ = now_;
      if (chance(3)) {  // killed between the two facts
        served_here_.reset();
        serving_[0] = 0;
      } else {
        for (TrackedKey& other : keys_) {
          if (other.facts.id != id && other.facts.serving_since && !other.facts.retired_at) other.facts.retired_at = now_;
        }
      }
    }
    check_all();
  }

  std::mt19937_64 random_;
  const Spoiler& spoiler_;
  Timing timing_;
  Seconds ttl_{};
  Seconds negative_{};
  Instant now_ = *parse_rfc3339("2026-11-23T12:00:00Z");
  Instant down_until_ = now_;
  std::vector<Server> servers_;
  std::vector<Answer> caches_;
  std::vector<std::uint32_t> serving_;  // by edge; 0: none
  std::uint32_t ours_ = 0;
  Instant switched_at_;
  std::vector<TrackedKey> keys_;
  std::optional<std::string> served_here_;
  std::set<std::uint32_t> older_;
  std::optional<EarlierTtl> earlier_;
  std::uint32_t last_key_ = 0;
  int rollovers_ = 0;
  std::string fault_;
};

std::uint64_t seeds_wanted() {
  const char* text = std::getenv("DANEWERK_SEEDS");
  return text ? std::strtoull(text, nullptr, 10) : 2000;
}

TEST(RolloverSimulation, no_cache_ever_contradicts_the_served_key) {  // PUB-02, PUB-03, SNI-03
  const Spoiler nothing{"nothing"};
  for (std::uint64_t seed = 1; seed <= seeds_wanted(); ++seed) {
    const std::string fault = World(seed, nothing).run();
    ASSERT_EQ(fault, "") << "seed " << seed;
  }
}

std::vector<Spoiler> spoilers() {
  std::vector<Spoiler> out;
  out.push_back({"one TTL instead of two", [](TrackedKey& k, const Timing&) { k.displaced_ttl /= 2; }});
  out.push_back({"no wait at all", [](TrackedKey& k, const Timing&) { k.displaced_ttl = Ttl{0}; }});
  out.push_back({"the wait counted from the update", [](TrackedKey& k, const Timing&) {
                   if (k.agreed_since) k.agreed_since = k.facts.published_at;
                 }});
  out.push_back({"no wait before the old record goes", [](TrackedKey&, const Timing&) {}, [](Timing& t) { t.propagation = 0s; }});
  Spoiler deaf{"a server that falls back is not noticed"};
  deaf.forget_agreement_breaks = true;
  out.push_back(deaf);
  Spoiler hasty{"only the primary is looked at"};
  hasty.look = [](ZoneObservation& look) { look.servers.resize(1); };
  hasty.key = [](TrackedKey& k, const Timing&) {
    if (k.facts.published_at) k.facts.seen_everywhere_at = k.agreed_since = k.facts.published_at;
  };
  out.push_back(hasty);
  out.push_back({"absence counts as nothing displaced", [](TrackedKey& k, const Timing&) {
                   if (k.facts.id == "1" || k.facts.id == "2") k.displaced_ttl = Ttl{0};
                 }});
  return out;
}

TEST(RolloverSimulation, every_wait_is_needed) {  // PUB-03
  for (const Spoiler& spoiler : spoilers()) {
    std::uint64_t seed = 1;
    std::string fault;
    while (fault.empty() && seed <= 2000) fault = World(seed++, spoiler).run();
    EXPECT_NE(fault, "") << spoiler.name << ": nothing noticed";
    EXPECT_EQ(fault.find("switches in"), std::string::npos) << spoiler.name << ": " << fault;
    if (!fault.empty()) std::printf("  %-45s seed %llu: %s\n", spoiler.name.c_str(), static_cast<unsigned long long>(seed - 1), fault.c_str());
  }
}

}  // namespace
}  // namespace danewerk::rollover
