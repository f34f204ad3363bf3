// The inside of simulated_world.h; part of the test program only.
#include "engine/rollover/simulated_world.h"

#include <algorithm>

namespace danewerk::rollover::simulated {
namespace {

using namespace std::chrono_literals;
using types::KeyAlgorithm;
using types::KeyLine;

constexpr Duration life_of_a_world = 1200s;
constexpr unsigned most_keys = 48;  ///< then it ends: its sets hold 64, and one look may lead to several

types::TlsaRecord record(unsigned number) {
  types::TlsaRecord out;
  out.data = Bytes(32, 0);
  out.data[0] = static_cast<std::uint8_t>(number);
  return out;
}

unsigned number_of(const TrackedKey& key) { return key.facts.tlsa.data[0]; }
std::uint64_t bit(unsigned number) {
  CHECK(number < 64);
  return std::uint64_t{1} << number;
}
unsigned index_of(KeyLine line) { return line == KeyLine::ecdsa ? 0 : 1; }

types::TlsaSet records(std::uint64_t keys) {
  types::TlsaSet out;
  for (unsigned i = 1; i < 64; ++i) {
    if (keys & bit(i)) out.push_back(record(i));
  }
  return out;
}

std::uint64_t wanted_in_zone(const std::vector<TrackedKey>& keys) {
  std::uint64_t out = 0;
  for (const TrackedKey& key : keys) {
    if (!key.facts.withdrawn_at) out |= bit(number_of(key));
  }
  return out;
}

}  // namespace

World::World(std::uint64_t seed, const Spoiler& spoiler) : random_(seed), spoiler_(spoiler), now_(*parse_rfc3339("2026-11-23T12:00:00Z")) {
  ttl_ = Seconds(10 + pick(60));
  negative_ = Seconds(10 + pick(60));
  timing_.propagation = Seconds(10 + pick(40));
  timing_.key_lifetime = Seconds(200 + pick(400));
  timing_.look_again = 5s;
  wish_.probing = chance(3) ? Probing::off : Probing::required;
  change_wish();
  // Without a probe, propagation is the operator's word for how late an edge may be.
  edge_lag_ = wish_.probing == Probing::off ? std::chrono::duration_cast<Seconds>(timing_.propagation) - 1s : Seconds(20 + pick(120));
  servers_.resize(1 + pick(3));
  caches_.resize(6);
  for (std::size_t i = 0; i < caches_.size(); ++i) ask_at_.push_back(now_ + Seconds(pick(20)));
  edges_.resize(1 + pick(3));
  look_at_ = now_;
  misfortune_at_ = now_ + Seconds(pick(300));
}

std::string World::run() {
  const Instant end = now_ + life_of_a_world;
  while (now_ < end && fault_.empty() && last_key_ < most_keys) {
    deliver_transfers();
    let_edges_switch();
    let_senders_ask();
    if (now_ >= misfortune_at_) misfortune();
    if (now_ >= look_at_) look_at_ = now_ + think();
    check();
    now_ = next_event();
  }
  return fault_;
}

Instant World::next_event() const {
  Instant out = std::min(look_at_, misfortune_at_);
  for (const Instant at : ask_at_) out = std::min(out, at);
  for (const Server& server : servers_) {
    if (!server.coming.empty()) out = std::min(out, server.coming.front().at);
  }
  for (const Edge& edge : edges_) {
    if (edge.asks_at) out = std::min(out, *edge.asks_at);
  }
  return std::max(out, now_ + 1s);
}

// --- the world outside ---

void World::deliver_transfers() {
  for (Server& server : servers_) {
    while (!server.coming.empty() && server.coming.front().at <= now_) {
      server.keys = server.coming.front().keys;
      server.ttl = server.coming.front().ttl;
      server.coming.erase(server.coming.begin());
    }
  }
}

void World::let_edges_switch() {
  for (Edge& edge : edges_) {
    if (!edge.asks_at || *edge.asks_at > now_) continue;
    edge.served = handed_;
    edge.asks_at.reset();
  }
}

/// Caches 0 to 2 ask a server; 3 to 5 ask one of those, and start its TTL anew.
void World::let_senders_ask() {
  for (std::size_t i = 0; i < caches_.size(); ++i) {
    if (ask_at_[i] > now_) continue;
    if (caches_[i].until <= now_) {
      if (i < 3) {
        fetch(caches_[i]);
      } else {
        Answer& first = caches_[pick(3)];
        if (first.until <= now_) fetch(first);
        if (first.until > now_) caches_[i] = {first.keys, now_ + first.ttl, first.ttl};
      }
    }
    ask_at_[i] = std::max(caches_[i].until, now_) + Seconds(pick(25));
  }
}

void World::fetch(Answer& into) {
  const Server& server = servers_[pick(static_cast<std::uint32_t>(servers_.size()))];
  if (server.unsigned_until > now_) return;  // bogus: nothing is learnt
  const Seconds ttl = server.keys == 0 ? negative_ : server.ttl;
  into = {server.keys, now_ + ttl, ttl};
}

void World::check() {
  for (const Answer& answer : caches_) {
    if (answer.until <= now_) continue;
    for (unsigned edge = 0; edge < edges_.size(); ++edge) {
      for (unsigned line = 0; line < 2; ++line) check_answer(answer, edge, line);
    }
  }
}

void World::check_answer(const Answer& answer, unsigned edge, unsigned line) {
  const unsigned key = edges_[edge].served[line];
  if (key == 0 || (answer.keys & bit(key)) || (stolen_ & bit(key)) || excused_until_[key] > now_) return;
  fault_ = "at " + std::to_string(now_.time_since_epoch().count() / 1000 % 100000) + " s a cache does not know key " + std::to_string(key) +
           ", which edge " + std::to_string(edge) + " serves";
}

void World::misfortune() {
  misfortune_at_ = now_ + Seconds(20 + pick(300));
  copies_.push_back(stored_);
  switch (pick(4)) {
    case 0: return crash();
    case 1: return fall_back();
    case 2: return steal();
    default: servers_[pick(static_cast<std::uint32_t>(servers_.size()))].unsigned_until = now_ + Seconds(20 + pick(100));
  }
}

/// A secondary falls back to what it had before, and stays so for longer than we look away. A fallback to a set without a key
/// that serves is nobody's fault here: only such as endanger the next key.
void World::fall_back() {
  if (servers_.size() < 2 || older_ == 0) return;
  for (const Edge& edge : edges_) {
    for (const unsigned key : edge.served) {
      if (key != 0 && !(older_ & bit(key))) return;
    }
  }
  for (const TrackedKey& key : stored_.keys) {
    if (key.facts.serving_since && !key.facts.withdrawn_at && !(older_ & bit(number_of(key)))) return;
  }
  Server& server = servers_.back();
  if (!server.coming.empty()) return;
  server.coming.push_back({now_ + Seconds(40 + pick(60)), server.keys, server.ttl});
  server.keys = older_;
  server.ttl = older_ttl_;
}

void World::steal() {
  if (stored_.keys.empty()) return;
  TrackedKey& key = stored_.keys[pick(static_cast<std::uint32_t>(stored_.keys.size()))];
  if (key.facts.withdrawn_at || key.compromised_at) return;
  key.compromised_at = wall();
  stolen_ |= bit(number_of(key));
}

void World::change_wish() {
  wish_.algorithms.clear();
  const std::uint32_t kind = pick(8);
  if (kind != 7) wish_.algorithms.push_back(KeyAlgorithm::ecdsa_p256);
  if (kind >= 4) wish_.algorithms.push_back(chance(3) ? KeyAlgorithm::rsa_3072 : KeyAlgorithm::rsa_2048);
}

// --- the publisher, as service/publisher does it ---

ZoneObservation World::look() {
  ZoneObservation out;
  out.at = wall();
  const Server& primary = servers_[0];
  const bool same = primary.keys == wanted_in_zone(stored_.keys) && primary.ttl == ttl_;
  out.primary = same ? ZoneObservation::Primary::as_desired : ZoneObservation::Primary::differs;
  out.at_primary = records(primary.keys);
  for (const Server& server : servers_) {
    const Sight sight = chance(40) ? Sight::unreachable : server.unsigned_until > now_ ? Sight::unverified : Sight::verified;
    out.servers.push_back({"ns", sight, records(server.keys), "", {}, Ttl((server.keys ? server.ttl : negative_).count())});
    if (sight == Sight::unreachable) out.servers.back().ttl = Ttl{0};
  }
  out.validation = Validation::secure;
  out.validated = out.at_primary;
  const bool spent = std::any_of(stored_.keys.begin(), stored_.keys.end(), is_spent);
  if (wish_.probing == Probing::required && spent) out.edges = probe();
  return out;
}

EdgeObservation World::probe() {
  EdgeObservation out{wall(), {}};
  for (const Edge& edge : edges_) {
    for (const KeyLine line : types::all_key_lines) {
      const unsigned served = edge.served[index_of(line)];
      EdgeAnswer answer = served ? EdgeAnswer::presented : EdgeAnswer::no_such_line;
      if (chance(30) || edge.served == Served{}) answer = EdgeAnswer::unreachable;
      out.sights.push_back({"edge", line, answer, record(served), ""});
    }
  }
  return out;
}

/// Looks, decides, acts until there is nothing to do now. Returns how long to look away.
World::Seconds World::think() {
  for (int turn = 0; turn < 12; ++turn) {
    const ZoneObservation seen = look();
    stored_.earlier = earlier_after(stored_.earlier, seen, Ttl(ttl_.count()));
    for (TrackedKey& key : stored_.keys) {
      if (key.facts.withdrawn_at || !key.facts.published_at) continue;
      key.displaced_ttl = displaced_after(key, seen);
      if (seen_everywhere(key.facts.tlsa, seen) && !key.facts.seen_everywhere_at) key.facts.seen_everywhere_at = wall();
      const auto agreed = agreed_since(key, seen);
      if (agreed || !spoiler_.forget_agreement_breaks) key.agreed_since = agreed;
    }
    const Step step = decide(seen);
    if (step.what == Action::wait || step.when > wall()) break;
    if (!act(step)) return Seconds(1 + pick(20));  // dead, and started again by then
  }
  return Seconds(1 + pick(12));
}

Step World::decide(const ZoneObservation& seen) {
  if (!spoiler_.key && !spoiler_.look && !spoiler_.timing && !spoiler_.wish) return next_step({stored_.keys, seen, timing_, wish_, here_, wall()});
  std::vector<TrackedKey> keys = stored_.keys;
  Timing timing = timing_;
  Wish wish = wish_;
  ZoneObservation look = seen;
  if (spoiler_.timing) spoiler_.timing(timing);
  if (spoiler_.look) spoiler_.look(look);
  if (spoiler_.wish) spoiler_.wish(wish);
  for (TrackedKey& key : keys) {
    if (spoiler_.key) spoiler_.key(key);
  }
  return next_step({keys, look, timing, wish, here_, wall()});
}

TrackedKey& World::find(const std::string& id) {
  return *std::find_if(stored_.keys.begin(), stored_.keys.end(), [&id](const TrackedKey& key) { return key.facts.id == id; });
}

bool World::dies() {
  if (!chance(60)) return false;
  crash();
  return true;
}

/// The process is gone; facts stay, or those of an older copy come instead. Whoever starts it may have set the clock.
void World::crash() {
  here_.clear();
  edges_[0].served = {};
  if (!copies_.empty() && chance(4)) {
    const auto earlier = stored_.earlier;  // nobody restores an hour-old copy in the minutes after shortening a TTL
    stored_ = copies_[pick(static_cast<std::uint32_t>(copies_.size()))];
    stored_.earlier = earlier;
    for (Edge& edge : edges_) edge = Edge{};  // they share the store
    handed_ = {};
    for (const TrackedKey& key : stored_.keys) {
      if (!key.facts.published_at) gone_ &= ~bit(number_of(key));  // nothing tells it from a fresh one
    }
  }
  if (chance(3)) skew_ += Seconds(static_cast<int>(pick(2000)) - 700);
  if (chance(4)) change_wish();
  look_at_ = now_ + Seconds(1 + pick(20));
  for (TrackedKey& key : stored_.keys) key.origin = Origin::store;
  if (spoiler_.trust_the_clock) return;
  for (TrackedKey& key : stored_.keys) {
    key.agreed_since.reset();
    key.ask_source_at.reset();
    if (key.facts.retired_at) key.retired_from = look_at_ + skew_;
  }
  if (stored_.earlier) stored_.earlier->until = std::max(stored_.earlier->until, look_at_ + skew_);
}

bool World::act(const Step& step) {
  switch (step.what) {
    case Action::make_key: make_key(step.algorithm); break;
    case Action::publish: return publish();
    case Action::serve: return serve(step.key);
    case Action::retire: return retire(step.key);
    case Action::withdraw:
    case Action::supersede: find(step.key).facts.withdrawn_at = wall(); break;
    case Action::obtain_certificate: obtain(find(step.key)); break;
    case Action::wait: fault_ = "told to wait for something that is due"; break;
  }
  return !dies();
}

Ttl World::displaced() const {
  const Server& primary = servers_[0];
  return displaced_ttl(primary.keys ? std::optional(Ttl(primary.ttl.count())) : std::nullopt, Ttl(negative_.count()), stored_.earlier, wall());
}

void World::make_key(KeyAlgorithm algorithm) {
  if (!stored_.keys.empty() && chance(3)) change_ttl();
  TrackedKey key;
  key.facts.id = std::to_string(++last_key_);
  key.facts.algorithm = algorithm;
  key.facts.tlsa = record(last_key_);
  key.facts.created_at = wall();
  key.displaced_ttl = displaced();
  key.origin = Origin::this_process;
  stored_.keys.push_back(key);
  if (published_records(stored_.keys).size() > most_records) fault_ = "more than 8 records";
}

/// The operator shortens or lengthens the TTL: what was published before outlives it in caches.
void World::change_ttl() { ttl_ = Seconds(10 + pick(60)); }

bool World::publish() {
  const Keys wanted = wanted_in_zone(stored_.keys);
  if ((servers_[0].keys ? servers_[0].ttl : negative_) > ttl_) {
    stored_.earlier = EarlierTtl{displaced(), wall() + 1min};  // the last server may lag so long
    if (dies()) return false;
  }
  older_ = servers_[0].keys;
  older_ttl_ = servers_[0].ttl;
  servers_[0].keys = wanted;
  servers_[0].ttl = ttl_;
  for (std::size_t i = 1; i < servers_.size(); ++i) {
    Instant at = now_ + Seconds(pick(50));
    if (!servers_[i].coming.empty()) at = std::max(at, servers_[i].coming.back().at);
    servers_[i].coming.push_back({at, wanted, ttl_});
  }
  for (unsigned i = 1; i <= last_key_; ++i) {
    if (older_ & bit(i) & ~wanted) gone_ |= bit(i);
  }
  if (dies()) return false;
  for (TrackedKey& key : stored_.keys) {
    if (!key.facts.withdrawn_at && !key.facts.published_at) key.facts.published_at = wall();
  }
  return !dies();
}

bool World::serve(const std::string& id) {
  TrackedKey& key = find(id);
  const unsigned number = number_of(key);
  if (gone_ & bit(number)) fault_ = "key " + id + " had left the zone for good, and serves again";
  const TrackedKey* before = serving_key(stored_.keys, key.line());
  if (!key.facts.serving_since) {
    ++switches_;
    const auto ready = ready_at(key);
    if (before && before->compromised_at && !(ready && *ready <= wall())) {  // PUB-10
      excused_until_[number] = now_ + 2 * Seconds(std::max(key.displaced_ttl, displaced()).count());
    }
    key.facts.serving_since = before ? std::max(wall(), *before->facts.serving_since + 1ms) : wall();
    if (dies()) return false;
  }
  std::erase_if(here_, [&](const std::string& other) { return find(other).line() == key.line(); });
  here_.push_back(id);
  hand_over();
  if (dies()) return false;
  for (TrackedKey& other : stored_.keys) {
    if (other.facts.id == id || other.line() != key.line() || !other.facts.serving_since || other.facts.retired_at) continue;
    other.facts.retired_at = other.retired_from = wall();
    if (dies()) return false;
  }
  return !dies();
}

bool World::retire(const std::string& id) {
  std::erase(here_, id);
  hand_over();
  if (dies()) return false;
  TrackedKey& key = find(id);
  key.facts.retired_at = key.retired_from = wall();
  return !dies();
}

/// The edge in this process has the keys at once, others ask for them later.
void World::hand_over() {
  handed_ = {};
  for (const std::string& id : here_) handed_[index_of(find(id).line())] = number_of(find(id));
  edges_[0].served = handed_;
  for (std::size_t i = 1; i < edges_.size(); ++i) {
    if (!edges_[i].asks_at) edges_[i].asks_at = now_ + Seconds(pick(static_cast<std::uint32_t>(edge_lag_.count())));
  }
}

void World::obtain(TrackedKey& key) {
  if (chance(3)) {
    key.ask_source_at = wall() + 30s;
    return;
  }
  key.certificate = Certificate::obtained;
}

}  // namespace danewerk::rollover::simulated
