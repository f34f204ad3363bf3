#include "engine/pace/turns.h"

#include <algorithm>
#include <utility>

namespace danewerk::pace {
using namespace types;

namespace {

constexpr std::size_t tenant_share = 8;        ///< times what is free
constexpr std::size_t most_idle_hops = 20'000;  ///< whose Pace is remembered

}  // namespace

struct Turns::TenantState {
  std::size_t held = 0;
  std::size_t lanes = 0;
  std::deque<LaneState*> ready;
  std::deque<LaneState*> again;  ///< given a place in the take() under way, and free for another
  std::deque<LaneState*> unproven;  ///< due, and waiting for a place among the unproven
  std::deque<LaneState*> revived;   ///< those of `ready` for which a place is kept, in the same order
  bool second_round = false;     ///< `ready` holds lanes given a place already
  bool in_ring = false;
};

struct Turns::HopState {
  HopState(const std::string& k, std::size_t most) : key(k), pace(most) {}
  const std::string& key;
  Pace pace;
  std::size_t held = 0;
  std::size_t unproven = 0;  ///< of those held
  std::size_t lanes = 0;
  std::vector<LaneState*> parked;
  std::optional<Instant> closed_until;
  std::optional<Instant> idle_since;
};

struct Turns::LaneState {
  enum class Where : std::uint8_t { nowhere, asleep, ready, parked, unproven, asked };
  const Lane* key = nullptr;
  std::string tenant_key;
  TenantState* tenant = nullptr;
  HopState* hop = nullptr;
  Where where = Where::nowhere;
  bool revived = false;  ///< ready, and it has waited among the unproven: a place is kept for it
  std::size_t asked = 0;
  std::size_t held = 0;  ///< asked and in delivery
  Instant due{};
  std::optional<Instant> noted;  ///< while asked
};

Turns::Turns(Limits limits) : limits_(limits) { CHECK(limits.per_hop > 0); }
Turns::~Turns() = default;

Turns::LaneState& Turns::lane_of(const Lane& lane) {
  auto [at, fresh] = lanes_.try_emplace(lane);
  if (!fresh) return *at->second;
  at->second = std::make_unique<LaneState>();
  LaneState& state = *at->second;
  state.key = &at->first;
  auto& tenant = tenants_[lane.tenant.text()];
  if (!tenant) tenant = std::make_unique<TenantState>();
  auto [hop_at, fresh_hop] = hops_.try_emplace(lane.hop.text);
  if (fresh_hop) hop_at->second = std::make_unique<HopState>(hop_at->first, limits_.per_hop);
  state.tenant = tenant.get();
  state.hop = hop_at->second.get();
  ++state.tenant->lanes;
  ++state.hop->lanes;
  if (state.hop->idle_since) idle_.erase({*state.hop->idle_since, state.hop});
  state.hop->idle_since.reset();
  return state;
}

void Turns::sleep_until(LaneState& lane, Instant due) {
  if (lane.where == LaneState::Where::asleep) asleep_.erase({lane.due, &lane});
  lane.where = LaneState::Where::asleep;
  lane.due = due;
  asleep_.emplace(due, &lane);
}

void Turns::make_ready(LaneState& lane) {
  lane.where = LaneState::Where::ready;
  lane.tenant->ready.push_back(&lane);
  if (lane.tenant->in_ring) return;
  lane.tenant->in_ring = true;
  ring_.push_back(lane.tenant);
}

void Turns::park(LaneState& lane, std::optional<Instant> again) {
  lane.where = LaneState::Where::parked;
  HopState& hop = *lane.hop;
  hop.parked.push_back(&lane);
  if (!again || (hop.closed_until && *hop.closed_until <= *again)) return;
  if (hop.closed_until) closed_.erase({*hop.closed_until, &hop});
  hop.closed_until = again;
  closed_.emplace(*again, &hop);
}

void Turns::unpark(HopState& hop) {
  if (hop.closed_until) closed_.erase({*hop.closed_until, &hop});
  hop.closed_until.reset();
  for (LaneState* lane : std::exchange(hop.parked, {})) make_ready(*lane);
}

void Turns::note(const Lane& lane, Instant due) {
  LaneState& state = lane_of(lane);
  switch (state.where) {
    case LaneState::Where::nowhere: return sleep_until(state, due);
    case LaneState::Where::asleep:
      if (due < state.due) sleep_until(state, due);
      return;
    case LaneState::Where::asked: state.noted = state.noted ? std::min(*state.noted, due) : due; return;
    default: return;  // due already
  }
}

void Turns::promote(Instant now) {
  while (!asleep_.empty() && asleep_.begin()->first <= now) {
    LaneState& lane = *asleep_.begin()->second;
    asleep_.erase(asleep_.begin());
    make_ready(lane);
  }
  while (!closed_.empty() && closed_.begin()->first <= now) unpark(*closed_.begin()->second);
}

/// One place for the next lane of the tenant that can use it; the lane then waits in `again` for another of the same take().
Turns::Verdict Turns::give(TenantState& tenant, Instant now, std::vector<LaneState*>& given) {
  if (tenant.held >= tenant_share * (limits_.concurrent - active_)) return Verdict::tenant_full;
  LaneState& lane = *tenant.ready.front();
  tenant.ready.pop_front();
  HopState& hop = *lane.hop;
  const Room room = hop.pace.room(now, hop.held);
  const bool unproven = !room.rests && !hop.pace.is_proven(now);
  const bool its_turn = lane.revived ? unproven_have_places() : unproven_have_places_to_spare();
  lose_kept_place(lane);
  const bool no_place = room.places == 0 || (unproven && !its_turn);
  if (no_place && lane.asked > 0) return Verdict::lane_passed;  // it has what it gets this time
  if (room.places == 0) {
    park(lane, room.again);
    return Verdict::lane_passed;
  }
  if (no_place) {
    lane.where = LaneState::Where::unproven;
    if (tenant.unproven.empty()) unproven_ring_.push_back(&tenant);
    tenant.unproven.push_back(&lane);
    return Verdict::lane_passed;
  }
  if (!room.rests) hop.pace.began(now);
  if (unproven) {
    ++hop.unproven;
    ++unproven_;
  }
  if (lane.asked++ == 0) given.push_back(&lane);
  ++lane.held;
  ++hop.held;
  ++tenant.held;
  ++active_;
  tenant.again.push_back(&lane);
  return Verdict::taken;
}

/// Lanes leave `ready` as they came, so one with a kept place is the first of those.
void Turns::lose_kept_place(LaneState& lane) {
  if (!std::exchange(lane.revived, false)) return;
  CHECK(lane.tenant->revived.front() == &lane);
  lane.tenant->revived.pop_front();
  --revived_;
}

/// A tenant that has its share cannot use the places kept for it: others may.
void Turns::lose_kept_places(TenantState& tenant) {
  while (!tenant.revived.empty()) lose_kept_place(*tenant.revived.front());
}

void Turns::revive_unproven(std::size_t most) {
  for (; most > 0 && !unproven_ring_.empty(); --most) {
    TenantState& tenant = *unproven_ring_.front();
    unproven_ring_.pop_front();
    LaneState& lane = *tenant.unproven.front();
    tenant.unproven.pop_front();
    if (!tenant.unproven.empty()) unproven_ring_.push_back(&tenant);
    make_ready(lane);
    lane.revived = true;
    tenant.revived.push_back(&lane);
    ++revived_;
  }
}

std::vector<Turn> Turns::take(Instant now, std::size_t at_most) {
  promote(now);
  if (unproven_ + revived_ < most_unproven()) revive_unproven(most_unproven() - unproven_ - revived_);
  std::vector<LaneState*> given;
  std::vector<TenantState*> full;
  for (std::size_t taken = 0; taken < at_most && active_ < limits_.concurrent;) {
    if (ring_.empty() && unproven_have_places()) revive_unproven(1);
    if (ring_.empty()) break;
    TenantState& tenant = *ring_.front();
    ring_.pop_front();
    if (tenant.ready.empty() && !tenant.again.empty()) {
      tenant.ready.swap(tenant.again);
      tenant.second_round = true;
    }
    if (tenant.ready.empty()) {
      tenant.in_ring = false;
      continue;
    }
    switch (give(tenant, now, given)) {
      case Verdict::taken:
        ++taken;
        ring_.push_back(&tenant);
        break;
      case Verdict::lane_passed: ring_.push_front(&tenant); break;  // a lane that could not does not use up its tenant's turn
      case Verdict::tenant_full:
        lose_kept_places(tenant);
        full.push_back(&tenant);
        break;
    }
  }
  for (TenantState* tenant : full) ring_.push_back(tenant);
  return turns_of(given);
}

/// The lanes given places leave their lines until claimed().
std::vector<Turn> Turns::turns_of(const std::vector<LaneState*>& given) {
  std::vector<Turn> turns;
  for (LaneState* lane : given) {
    lane->where = LaneState::Where::asked;
    turns.push_back({*lane->key, lane->asked});
  }
  for (LaneState* lane : given) {
    TenantState& tenant = *lane->tenant;
    tenant.again.clear();
    if (!std::exchange(tenant.second_round, false)) continue;
    std::erase_if(tenant.ready, [](const LaneState* one) { return one->where == LaneState::Where::asked; });
  }
  return turns;
}

void Turns::end_places(LaneState& lane, std::size_t count) {
  if (count == 0) return;
  HopState& hop = *lane.hop;
  lane.held -= count;
  hop.held -= count;
  lane.tenant->held -= count;
  active_ -= count;
  const std::size_t unproven = std::min(count, hop.unproven);
  hop.unproven -= unproven;
  unproven_ -= unproven;
  unpark(hop);
}

void Turns::claimed(const Lane& lane, std::size_t got, std::optional<Instant> next, Instant now) {
  LaneState& state = lane_of(lane);
  CHECK(state.where == LaneState::Where::asked && got <= state.asked);
  state.where = LaneState::Where::nowhere;
  const std::size_t unused = std::exchange(state.asked, 0) - got;
  if (state.noted) next = next ? std::min(*next, *state.noted) : *state.noted;
  state.noted.reset();
  if (next) sleep_until(state, *next);
  end_places(state, unused);
  forget_if_idle(state, now);
}

void Turns::ended(const Lane& lane, Instant now) {
  LaneState& state = lane_of(lane);
  CHECK(state.held > state.asked);
  end_places(state, 1);
  forget_if_idle(state, now);
}

void Turns::forget_if_idle(LaneState& lane, Instant now) {
  if (lane.held > 0 || lane.where != LaneState::Where::nowhere) return;
  HopState& hop = *lane.hop;
  --hop.lanes;
  const std::string tenant = lane.key->tenant.text();
  const bool last_of_tenant = --lane.tenant->lanes == 0;
  lanes_.erase(lanes_.find(*lane.key));
  if (last_of_tenant) {
    const auto in_ring = std::find(ring_.begin(), ring_.end(), tenants_.at(tenant).get());
    if (in_ring != ring_.end()) ring_.erase(in_ring);
    tenants_.erase(tenant);
  }
  keep_or_forget(hop, now);
}

void Turns::keep_or_forget(HopState& hop, Instant now) {
  if (hop.lanes > 0) return;
  if (hop.pace.is_unremarkable(now)) {
    hops_.erase(std::string(hop.key));
    return;
  }
  hop.idle_since = now;
  idle_.emplace(now, &hop);
  if (idle_.size() <= most_idle_hops) return;
  const std::string oldest = idle_.begin()->second->key;
  idle_.erase(idle_.begin());
  hops_.erase(oldest);
}

void Turns::hear(const HopKey& hop, const Signal& signal, Instant now) {
  const auto at = hops_.find(hop.text);
  if (at == hops_.end()) return;
  at->second->pace.hear(signal, now, at->second->held);
}

std::optional<Fault> Turns::rests(const HopKey& hop, Instant now) const {
  const auto at = hops_.find(hop.text);
  if (at == hops_.end() || !at->second->pace.room(now, 0).rests) return std::nullopt;
  return at->second->pace.rest_fault();
}

void Turns::wake(const HopKey& hop) {
  const auto at = hops_.find(hop.text);
  if (at == hops_.end()) return;
  at->second->pace.wake();
  unpark(*at->second);
}

void Turns::wake_all() {
  for (auto& [key, hop] : hops_) {
    hop->pace.wake();
    unpark(*hop);
  }
}

std::optional<Instant> Turns::next_wake() const {
  std::optional<Instant> next;
  if (!asleep_.empty()) next = asleep_.begin()->first;
  if (!closed_.empty() && (!next || closed_.begin()->first < *next)) next = closed_.begin()->first;
  return next;
}

std::vector<HopFacts> Turns::hops(Instant now) const {
  std::vector<HopFacts> out;
  for (const auto& [key, hop] : hops_) out.push_back({HopKey{key}, hop->held, hop->pace.facts(now)});
  return out;
}

}  // namespace danewerk::pace
