#include "io/store/attempt_scan.h"

#include <gtest/gtest.h>

#include "io/store/test_rig.h"

namespace danewerk::io {
namespace {

using test::finish;
using test::start_of_time;

/// Sees everything; returns the evidence in the order seen.
std::vector<std::string> seen(Store& store, AttemptFilter filter) {
  AttemptScan scan(store, std::move(filter));
  auto out = std::make_shared<std::vector<std::string>>();
  for (int slices = 0;; ++slices) {
    const auto more = finish(store, scan.next([out](const SeenAttempt& attempt) { out->emplace_back(attempt.evidence); }));
    EXPECT_TRUE(more.has_value());
    EXPECT_LT(slices, 1000);
    if (!more || !*more) return *out;
  }
}

/// One attempt a minute from the start of time on, every tenth not completed and every eleventh to a mailbox route of ours.
void fill(Store& store, const char* tenant, int from, int count) {
  QueueStore queue(store);
  types::NewMessage message = test::message_to(1);
  message.tenant = test::tenant(tenant);
  const auto id = finish(store, test::accept_message(queue, std::move(message), "text"));
  ASSERT_TRUE(id.has_value());
  Recording recording{*id, {"x.example"}, start_of_time, {}, {}, {}};
  for (int i = from; i < from + count; ++i) {
    types::AttemptEvidence attempt{start_of_time + std::chrono::minutes(i), {"x.example"}, "mx", {2, 0, 0}, "", std::to_string(i)};
    if (i % 10 == 0) attempt.code = {4, 4, 1};
    if (i % 11 == 0) attempt.hop.text = "route:x.example";
    recording.attempts.push_back(std::move(attempt));
  }
  ASSERT_TRUE(finish(store, queue.record(std::move(recording))).has_value());
}

std::vector<std::string> expected(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) {
    if (i % 10 != 0 && i % 11 != 0) out.push_back(std::to_string(i));
  }
  return out;
}

TEST(AttemptScan, sees_each_completed_attempt_once_over_many_slices) {
  auto store = *Store::open(SimulatedDisk::make(41, {}), test::turned_settings());
  EXPECT_TRUE(seen(*store, {}).empty());
  fill(*store, "contoso", 0, 3000);
  fill(*store, "fabrikam", 3000, 1000);
  EXPECT_EQ(seen(*store, {}), expected(0, 4000));
  for (const int since : {1, 250, 1999, 3999}) {
    EXPECT_EQ(seen(*store, {start_of_time + std::chrono::minutes(since), std::nullopt}), expected(since, 4000)) << since;
  }
  EXPECT_TRUE(seen(*store, {start_of_time + std::chrono::minutes(4000), std::nullopt}).empty());
  EXPECT_EQ(seen(*store, {Instant{}, test::tenant("fabrikam")}), expected(3000, 4000));
  EXPECT_TRUE(seen(*store, {Instant{}, test::tenant("nobody")}).empty());
}

}  // namespace
}  // namespace danewerk::io
