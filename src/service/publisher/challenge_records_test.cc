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

zone::MxZone mx_zone(std::vector<types::Holding> holdings) {
  zone::MxZone out;
  out.apex = name("mx.hoster.example");
  out.shards.count = static_cast<std::uint16_t>(holdings.size());
  out.holdings = std::move(holdings);
  return out;
}

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
  ChallengeRecords records(zone, mx_zone({types::Holding::wildcard}), {{"ns1", {}}, {"ns2", {}}}, clock, 2min);
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

/// The zone named in the last change.
class RecordingAccess final : public ZoneAccess {
 public:
  io::Task<Result<std::vector<Bytes>>> zone_keys(AuthoritativeServer) override { co_return std::vector<Bytes>{}; }
  io::Task<ServerReading> read(AuthoritativeServer, types::DnsQuestion, std::vector<Bytes>) override { co_return ServerReading{}; }
  io::Task<Result<void, io::dns::UpdateError>> apply(types::ZoneChange change) override {
    zone = change.zone.to_string();
    co_return Result<void, io::dns::UpdateError>{};
  }
  io::Task<types::Lookup> ask_afresh(types::DomainName) override { co_return types::Lookup(Failure{types::LookupError{}}); }

  std::string zone;
};

io::Task<> zones_named(std::vector<std::string>& zones) {
  io::ManualClock clock(*parse_rfc3339("2026-11-27T12:00:00Z"));
  RecordingAccess access;
  ChallengeRecords records(access, mx_zone({types::Holding::wildcard, types::Holding::explicit_hosts}), {}, clock, 2min);
  for (const char* shard : {"_acme-challenge.s1.mx.hoster.example", "_acme-challenge.s2.mx.hoster.example"}) {
    const auto put = co_await records.publish(name(shard), "digest");
    EXPECT_TRUE(put.has_value());
    zones.push_back(access.zone);
    const auto removed = co_await records.remove(name(shard), "digest");
    EXPECT_TRUE(removed.has_value());
    zones.push_back(access.zone);
  }
}

TEST(ChallengeRecords, go_into_the_zone_that_holds_the_shard) {
  std::vector<std::string> zones;
  io::run_to_end(zones_named(zones));
  const std::vector<std::string> wanted{"mx.hoster.example", "mx.hoster.example", "s2.mx.hoster.example", "s2.mx.hoster.example"};
  EXPECT_EQ(zones, wanted);
}

}  // namespace
}  // namespace danewerk::service
