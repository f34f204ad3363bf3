// The rollover in a small world, for tests: servers that lag, fall back and lose their signatures, caches that ask at random
// instants, caches behind caches that start the TTL anew, several edges that switch late, ECDSA and RSA keys, a certificate
// source that fails, thefts, a wrong clock, older copies of the store, crashes between any two facts.
//
// The invariant, checked at every event: no answer that some cache may still believe contradicts a key that some edge serves.
// An answer "there are no records" contradicts too, because it lets mail go unauthenticated to a host that we report as
// protected. Excused is only what PUB-10 says: after a theft the new key may be unknown to caches for as long as emergency.h
// says, and a late edge may still serve the stolen one.
//
// A Spoiler changes what the engine is told, or what a publisher must do for it: each is a wait or a gate taken away.
#pragma once

#include <array>
#include <functional>

#include "engine/rollover/emergency.h"

namespace danewerk::rollover::simulated {

struct Spoiler {
  std::string name;
  std::function<void(TrackedKey&)> key;
  std::function<void(Timing&)> timing;
  std::function<void(ZoneObservation&)> look;
  std::function<void(Wish&)> wish;
  bool forget_agreement_breaks = false;
  bool trust_the_clock = false;  ///< waits go on over a restart
};

/// SplitMix64: a seed gives the same world on every machine.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
  }

 private:
  std::uint64_t state_;
};

class World {
 public:
  World(std::uint64_t seed, const Spoiler& spoiler);
  /// The first broken promise, in words; empty if all were kept.
  std::string run();
  int switches() const { return switches_; }

 private:
  using Keys = std::uint64_t;  // a set of keys, by number
  using Seconds = std::chrono::seconds;
  using Served = std::array<unsigned, 2>;  // by line; 0: none

  struct Answer {
    Keys keys = 0;  // 0: there are no records
    Instant until;
    Seconds ttl{0};
  };
  struct Arrival {
    Instant at;
    Keys keys = 0;
    Seconds ttl{0};
  };
  struct Server {
    Keys keys = 0;
    Seconds ttl{0};
    std::vector<Arrival> coming;  // transfers under way, in order
    Instant unsigned_until;
  };
  struct Edge {
    Served served{};
    std::optional<Instant> asks_at;  // when it will ask for the keys; it gets those of then
  };
  /// What a crash does not take, and an older copy of the store may bring back.
  struct Stored {
    std::vector<TrackedKey> keys;
    std::optional<EarlierTtl> earlier;
  };

  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  bool chance(std::uint32_t one_in) { return pick(one_in) == 0; }
  Instant wall() const { return now_ + skew_; }
  Instant next_event() const;

  void deliver_transfers();
  void let_edges_switch();
  void let_senders_ask();
  void fetch(Answer& into);
  void check();
  void check_answer(const Answer& answer, unsigned edge, unsigned line);
  void misfortune();
  void fall_back();
  void steal();
  void change_wish();

  ZoneObservation look();
  EdgeObservation probe();
  Seconds think();
  bool act(const Step& step);
  void make_key(types::KeyAlgorithm algorithm);
  void change_ttl();
  bool publish();
  bool serve(const std::string& id);
  bool retire(const std::string& id);
  void obtain(TrackedKey& key);
  void hand_over();
  bool dies();
  void crash();
  Step decide(const ZoneObservation& seen);
  TrackedKey& find(const std::string& id);
  Ttl displaced() const;

  Chance random_;
  const Spoiler& spoiler_;
  Timing timing_;
  Wish wish_;
  Seconds ttl_{};
  Seconds negative_{};
  Seconds edge_lag_{};  // the most
  Instant now_;
  Duration skew_{0};  // of our clock
  Instant look_at_;
  Instant misfortune_at_;
  std::vector<Server> servers_;
  std::vector<Answer> caches_;
  std::vector<Instant> ask_at_;
  std::vector<Edge> edges_;
  Stored stored_;
  std::vector<Stored> copies_;
  std::vector<std::string> here_;
  Served handed_{};        // to our own edge, and to others when they ask
  Keys older_ = 0;         // what the zone held before the last change
  Seconds older_ttl_{0};
  Keys gone_ = 0;    // withdrawn for good
  Keys stolen_ = 0;
  std::array<Instant, 64> excused_until_{};
  unsigned last_key_ = 0;
  int switches_ = 0;
  std::string fault_;
};

}  // namespace danewerk::rollover::simulated
