#include "engine/pace/pace.h"

#include <algorithm>

namespace danewerk::pace {
namespace {

constexpr Duration minute = std::chrono::minutes(1);
constexpr Duration slot_length = minute / 10;

}  // namespace

Pace::Pace(std::size_t most) : most_(most), window_(static_cast<double>(std::min(start_places, most))) { CHECK(most > 0); }

std::optional<std::size_t> Pace::in_force(const std::optional<Learned>& learned, Instant now) {
  if (!learned || now - learned->at >= learned_forgotten_after) return std::nullopt;
  double limit = static_cast<double>(learned->limit);
  for (Duration quiet = now - learned->at; quiet >= learned_grows_every; quiet -= learned_grows_every) limit *= 1.5;
  return std::max<std::size_t>(1, static_cast<std::size_t>(limit));
}

std::size_t Pace::allowed(Instant now) const {
  const auto window = std::max<std::size_t>(1, static_cast<std::size_t>(window_));
  const auto connections = in_force(connections_, now);
  return std::min({most_, window, connections.value_or(most_)});
}

Room Pace::room(Instant now, std::size_t in_delivery) const {
  if (rest_until_ && now < *rest_until_) return {most_ - std::min(most_, in_delivery), std::nullopt, true};
  if (rest_until_) return {in_delivery == 0 ? 1U : 0U, std::nullopt, false};  // the one that tries
  const std::size_t places = allowed(now);
  Room room{places - std::min(places, in_delivery), std::nullopt, false};
  const auto rate = in_force(per_minute_, now);
  if (!rate || room.places == 0) return room;
  room.places = 1;  // spread over the minute, not all at its beginning
  if (!last_start_) return room;
  const Instant next = *last_start_ + minute / static_cast<std::int64_t>(*rate);
  if (now < next) return {0, next, false};
  return room;
}

std::size_t Pace::delivered_last_minute(Instant now) const {
  const std::int64_t current = now.time_since_epoch() / slot_length;
  std::size_t sum = 0;
  for (const Slot& slot : slots_) {
    if (current - slot.tenth_minute < static_cast<std::int64_t>(slots_.size())) sum += slot.delivered;
  }
  return sum;
}

void Pace::count_delivered(Instant now) {
  const std::int64_t current = now.time_since_epoch() / slot_length;
  Slot& slot = slots_[static_cast<std::size_t>(current) % slots_.size()];
  if (slot.tenth_minute != current) slot = {current, 0};
  ++slot.delivered;
}

void Pace::shrink(Instant now) {
  window_ = std::max(1.0, window_ / 2);
  cautious_ = true;
  last_shrink_ = now;
}

void Pace::hear(const Signal& signal, Instant now, std::size_t in_delivery) {
  if (signal.heard == Heard::nothing) return;
  if (signal.heard == Heard::no_connection) return hear_no_connection(signal, now);
  failures_ = 0;
  rests_ = 0;
  rest_until_.reset();
  if (signal.heard == Heard::busy) return hear_complaint(signal, now, in_delivery);
  if (signal.heard != Heard::delivered) return;
  last_success_ = now;
  count_delivered(now);
  if (in_delivery < allowed(now)) return;  // places that nobody uses prove nothing
  window_ = std::min(static_cast<double>(most_), window_ + (cautious_ ? 1 / window_ : 1));
}

void Pace::hear_no_connection(const Signal& signal, Instant now) {
  if (signal.fault) last_failure_ = LastFailure{now, *signal.fault};
  const bool was_under_way = rest_until_ && signal.started < last_shrink_;
  if (was_under_way) return;  // began before the rest did, and says what is known
  ++failures_;
  shrink(now);
  if (failures_ < failures_until_rest || !last_failure_) return;
  rest_until_ = now + std::min(longest_rest, first_rest * (1 << std::min<std::size_t>(rests_, 5)));
  ++rests_;
}

void Pace::hear_complaint(const Signal& signal, Instant now, std::size_t in_delivery) {
  if (signal.fault) last_failure_ = LastFailure{now, *signal.fault};
  if (signal.started < last_shrink_) return;  // of the same burst
  const bool alone = window_ < 2;
  shrink(now);
  const std::string words = signal.fault ? signal.fault->sentence : "";
  if (signal.about == Complaint::connections && in_delivery > 1) connections_ = Learned{in_delivery - 1, now, words};
  // One at a time, and still too much: then it is how often.
  const bool about_rate = signal.about == Complaint::rate || (signal.about == Complaint::unspecific && alone);
  if (about_rate) per_minute_ = Learned{std::max<std::size_t>(1, delivered_last_minute(now) * 9 / 10), now, words};
}

void Pace::wake() {
  rest_until_.reset();
  rests_ = 0;
  failures_ = 0;
}

bool Pace::is_unremarkable(Instant now) const {
  const bool had_trouble = failures_ > 0 || rest_until_ || (cautious_ && now - last_shrink_ < proven_for);
  return !is_proven(now) && !had_trouble && !in_force(connections_, now) && !in_force(per_minute_, now);
}

types::Fault Pace::rest_fault() const {
  CHECK(last_failure_.has_value());
  types::Fault fault = last_failure_->fault;
  fault.lasting = types::Lasting::transient;
  fault.recheck_at.reset();  // nothing is asked while it rests
  fault.sentence = "Not tried now, because the last tries all failed alike (" + to_rfc3339(last_failure_->at) + "): " + fault.sentence;
  return fault;
}

std::string Pace::reason(Instant now) const {
  if (rest_until_ && now < *rest_until_) return "gave no connection " + std::to_string(failures_) + " times in a row: rests until " + to_rfc3339(*rest_until_);
  if (rest_until_) return "gave no connection: one delivery tries whether it does again";
  if (in_force(per_minute_, now)) return "learned a rate from: " + per_minute_->words;
  const auto connections = in_force(connections_, now);
  if (connections && *connections <= static_cast<std::size_t>(window_)) return "learned a number of connections from: " + connections_->words;
  if (allowed(now) == most_) return "takes all that delivery.max_per_destination allows";
  if (cautious_) return "was halved " + to_rfc3339(last_shrink_) + ", grows with deliveries";
  return last_success_ ? "grows with deliveries" : "begins so";
}

PaceFacts Pace::facts(Instant now) const {
  PaceFacts facts;
  facts.allowed = allowed(now);
  if (rest_until_) facts.allowed = now < *rest_until_ ? 0 : 1;
  if (rest_until_ && now < *rest_until_) facts.rests_until = rest_until_;
  facts.why = reason(now);
  facts.learned_connections = in_force(connections_, now);
  facts.learned_per_minute = in_force(per_minute_, now);
  facts.last_failure = last_failure_;
  return facts;
}

}  // namespace danewerk::pace
