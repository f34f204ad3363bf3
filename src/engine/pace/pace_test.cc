#include "engine/pace/pace.h"

#include <gtest/gtest.h>

#include "engine/pace/turns.h"

namespace danewerk::pace {
namespace {

using namespace std::chrono_literals;
using namespace types;

const Instant start{std::chrono::hours{490'000}};

Signal heard(Heard what, Instant began, Complaint about = Complaint::unspecific) {
  Signal signal{what, about, began, std::nullopt};
  if (what == Heard::delivered) return signal;
  signal.fault.emplace();
  signal.fault->code = {4, 4, 1};
  signal.fault->sentence = "Host mx.test gave no connection";
  return signal;
}

/// Deliveries that use all places, one after another.
Instant deliver(Pace& pace, int count, Instant now) {
  for (int i = 0; i < count; ++i, now += 10ms) pace.hear(heard(Heard::delivered, now), now, pace.room(now, 0).places);
  return now;
}

TEST(Pace, begins_small_and_grows_with_deliveries_up_to_the_most) {
  Pace pace(20);
  EXPECT_EQ(pace.room(start, 0).places, 5U);
  EXPECT_EQ(pace.room(start, 3).places, 2U);
  deliver(pace, 10, start);
  EXPECT_EQ(pace.room(start, 0).places, 15U);
  deliver(pace, 100, start);
  EXPECT_EQ(pace.room(start, 0).places, 20U);
  EXPECT_EQ(Pace(2).room(start, 0).places, 2U);
}

TEST(Pace, places_that_nobody_uses_prove_nothing) {
  Pace pace(20);
  for (int i = 0; i < 50; ++i) pace.hear(heard(Heard::delivered, start), start, 1);
  EXPECT_EQ(pace.room(start, 0).places, 5U);
}

TEST(Pace, a_hop_that_is_down_rests_and_one_delivery_tries) {
  Pace pace(20);
  Instant now = start;
  for (int i = 0; i < 3; ++i, now += 30s) pace.hear(heard(Heard::no_connection, now), now, 1);
  now -= 30s;
  const Room resting = pace.room(now, 0);
  EXPECT_TRUE(resting.rests);
  EXPECT_EQ(resting.places, 20U) << "what is due goes by at once, with the fault last met";
  EXPECT_NE(pace.rest_fault().sentence.find("gave no connection"), std::string::npos);
  EXPECT_TRUE(pace.room(now + 59s, 0).rests);
  EXPECT_FALSE(pace.room(now + 60s, 0).rests);
  EXPECT_EQ(pace.room(now + 60s, 0).places, 1U);
  EXPECT_EQ(pace.room(now + 60s, 1).places, 0U) << "one only";
  Duration rest = 0s;
  for (int probes = 0; probes < 6; ++probes) {
    now = *pace.facts(now).rests_until;
    const Instant began = now;
    pace.hear(heard(Heard::no_connection, began), now += 30s, 1);
    const Duration longer = *pace.facts(now).rests_until - now;
    EXPECT_GE(longer, rest);
    rest = longer;
  }
  EXPECT_EQ(rest, 10min) << "2, 4, 8, then every 10 minutes";
  now += rest;
  pace.hear(heard(Heard::delivered, now), now, 1);
  EXPECT_FALSE(pace.room(now, 0).rests);
  EXPECT_GE(pace.room(now, 0).places, 1U);
}

TEST(Pace, timeouts_that_were_under_way_do_not_prolong_the_rest) {
  Pace pace(20);
  deliver(pace, 100, start);
  const Instant began = start + 5s;
  const Instant end = start + 35s;
  for (int i = 0; i < 20; ++i) pace.hear(heard(Heard::no_connection, began), end, static_cast<std::size_t>(20 - i));
  EXPECT_EQ(pace.facts(end).rests_until, end + 1min);
}

TEST(Pace, a_person_ends_the_rest) {
  Pace pace(20);
  for (int i = 0; i < 3; ++i) pace.hear(heard(Heard::no_connection, start + i * 1s), start + i * 1s, 1);
  pace.wake();
  EXPECT_FALSE(pace.room(start + 3s, 0).rests);
  EXPECT_GE(pace.room(start + 3s, 0).places, 1U);
}

TEST(Pace, a_complaint_halves_once_for_all_that_was_under_way) {
  Pace pace(20);
  deliver(pace, 100, start);
  for (int i = 0; i < 10; ++i) pace.hear(heard(Heard::busy, start + 2s), start + 3s, 20);
  EXPECT_EQ(pace.room(start + 3s, 0).places, 10U);
  pace.hear(heard(Heard::busy, start + 4s), start + 5s, 10);
  EXPECT_EQ(pace.room(start + 5s, 0).places, 5U);
  for (int i = 0; i < 20; ++i) pace.hear(heard(Heard::busy, start + 10s + i * 1s), start + 10s + i * 1s, 1);
  EXPECT_TRUE(pace.room(start + 40min, 0).places >= 1) << "never starves";
  deliver(pace, 3, start + 2h);
  EXPECT_LT(pace.room(start + 2h + 1s, 0).places, 5U) << "after trouble it grows slowly";
}

TEST(Pace, learns_how_many_connections) {
  Pace pace(20);
  deliver(pace, 100, start);
  const Instant now = start + 10s;
  pace.hear(heard(Heard::busy, now, Complaint::connections), now, 6);
  EXPECT_EQ(pace.facts(now).learned_connections, 5U);
  const Instant later = deliver(pace, 200, now);
  EXPECT_EQ(pace.room(later, 0).places, 5U) << "growing stops there";
  EXPECT_EQ(pace.facts(now + 10min).learned_connections, 7U);
  EXPECT_EQ(pace.facts(now + 21min).learned_connections, 11U);
  EXPECT_FALSE(pace.facts(now + 1h).learned_connections.has_value());
}

TEST(Pace, learns_how_many_a_minute) {
  Pace pace(20);
  Instant now = deliver(pace, 40, start);
  pace.hear(heard(Heard::busy, now, Complaint::rate), now, 3);
  EXPECT_EQ(pace.facts(now).learned_per_minute, 36U);
  std::size_t began = 0;
  for (const Instant end = now + 1min; now < end;) {
    const Room room = pace.room(now, 0);
    if (room.places > 0) {
      EXPECT_EQ(room.places, 1U) << "not all at the minute's beginning";
      pace.began(now);
      ++began;
    } else {
      ASSERT_TRUE(room.again && *room.again > now);
      now = *room.again;
    }
  }
  EXPECT_GE(began, 35U);
  EXPECT_LE(began, 37U);
}

// Postfix, Exchange Online, Gmail, Yahoo, Exim, sendmail: as their documentation has the texts.
TEST(Signal, words_of_complaints) {
  const auto about = [](const char* text) { return complaint_of(Reply{421, EnhancedCode{4, 7, 0}, {text}}); };
  EXPECT_EQ(about("mx.test Error: too many connections from 192.0.2.1"), Complaint::connections);
  EXPECT_EQ(about("Too many concurrent SMTP connections; please try again later."), Complaint::connections);
  EXPECT_EQ(about("Our system has detected an unusual rate of unsolicited mail originating from your IP address"), Complaint::rate);
  EXPECT_EQ(about("Connection rate limit exceeded."), Complaint::rate);
  EXPECT_EQ(about("Error: too much mail from 192.0.2.1"), Complaint::rate);
  EXPECT_EQ(about("[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume"), Complaint::unspecific);
  EXPECT_EQ(about("Service not available: operation moderated"), Complaint::unspecific) << "'rate' within a word";
}

struct OneRound {
  DeliveryPlan plan;
  Attempt attempt;
  Outcome outcome;
  Signal signal() const { return signal_of(plan, {&attempt, 1}, {&outcome, 1}, start); }
};

OneRound refused(int code, EnhancedCode enhanced, const char* text, Phase phase) {
  OneRound round;
  round.attempt.end = AttemptEnd::refused;
  round.attempt.phase = phase;
  round.attempt.reply = Reply{code, enhanced, {text}};
  round.outcome.fault.emplace();
  return round;
}

// RFC 5321 3.8 (421); RFC 6647 (greylisting)
TEST(Signal, complaints_are_told_from_greylisting) {
  EXPECT_EQ(refused(421, {4, 3, 2}, "shutting down", Phase::greeting).signal().heard, Heard::busy);
  EXPECT_EQ(refused(450, {4, 7, 0}, "not now", Phase::mail).signal().heard, Heard::busy);
  EXPECT_EQ(refused(450, {4, 7, 1}, "greylisted, come back later", Phase::recipients).signal().heard, Heard::answered);
  EXPECT_EQ(refused(451, {4, 7, 1}, "too many messages per hour", Phase::recipients).signal().heard, Heard::busy);
  EXPECT_EQ(refused(550, {5, 7, 1}, "rate: no", Phase::mail).signal().heard, Heard::answered);
}

TEST(Signal, what_is_no_connection) {
  OneRound round;
  round.outcome.fault.emplace();
  round.attempt.end = AttemptEnd::not_connected;
  EXPECT_EQ(round.signal().heard, Heard::no_connection);
  round.attempt.end = AttemptEnd::timed_out;
  round.attempt.phase = Phase::greeting;
  EXPECT_EQ(round.signal().heard, Heard::no_connection);
  round.attempt.phase = Phase::content;
  EXPECT_EQ(round.signal().heard, Heard::answered);
  round.attempt.end = AttemptEnd::local_fault;
  round.outcome.fault->kind = FaultKind::ours;
  EXPECT_EQ(round.signal().heard, Heard::nothing);
}

}  // namespace
}  // namespace danewerk::pace
