// A CA's challenge in a zone whose second server lags: we say "ready" only when it is there too.
#include "service/publisher/challenge_records.h"

#include <gtest/gtest.h>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "service/publisher/simulated_zone.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

io::Task<> publish_into(ChallengeRecords& records, std::optional<Result<void>>& result) {
  result = co_await records.publish(name("_acme-challenge.s1.mx.hoster.example"), "digest");
}

/// Runs virtual time until `result` is there.
io::Task<> run_until(io::ManualClock& clock, const std::optional<Result<void>>& result) {
  boost::asio::use_awaitable_t<io::Executor> token;
  while (!result) {
    if (const auto wake = clock.next_wake(); wake && *wake > clock.now()) clock.advance_to(*wake);
    co_await boost::asio::post(co_await io::this_executor(), token);
  }
}

io::Task<> published(Duration lag, rollover::Sight sight, std::optional<Result<void>>& result, Duration& waited) {
  io::ManualClock clock(*parse_rfc3339("2026-11-27T12:00:00Z"));
  const Instant begun = clock.now();
  std::vector<SimulatedZone::Server> servers(2);
  servers[1] = SimulatedZone::Server{lag, sight};
  SimulatedZone zone(clock, servers);
  ChallengeRecords records(zone, name("mx.hoster.example"), {{"ns1", {}}, {"ns2", {}}}, clock, 2min);
  io::TaskGroup group(co_await io::this_executor(), "test");
  group.spawn("publish", publish_into(records, result));
  co_await run_until(clock, result);
  co_await group.join();
  waited = clock.now() - begun;
  const auto foreign = co_await records.publish(name("_acme-challenge.contoso.example"), "digest");
  EXPECT_EQ(foreign.error().kind, ErrorKind::denied);
}

TEST(ChallengeRecords, wait_for_the_last_server) {
  std::optional<Result<void>> result;
  Duration waited{};
  io::run_to_end(published(30s, rollover::Sight::verified, result, waited));
  ASSERT_TRUE(result->has_value()) << result->error().what;
  EXPECT_GE(waited, 30s);
}

TEST(ChallengeRecords, name_the_server_that_lacks_them) {
  std::optional<Result<void>> result;
  Duration waited{};
  io::run_to_end(published(1h, rollover::Sight::verified, result, waited));
  ASSERT_FALSE(result->has_value());
  EXPECT_NE(result->error().what.find("ns2 does not have it yet"), std::string::npos) << result->error().what;
  result.reset();
  io::run_to_end(published(0s, rollover::Sight::unverified, result, waited));
  EXPECT_NE(result->error().what.find("ns2: unverified"), std::string::npos) << result->error().what;
}

}  // namespace
}  // namespace danewerk::service
