// The life of a policy as delivery sees it: written DNS and web servers, virtual time, a real store.
#include "service/sts/sts_service.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/dns/scripted_resolver.h"
#include "io/runtime/reactor.h"
#include "io/runtime/together.h"
#include "io/store/posix_disk.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;
using types::StsFact;
using types::StsPolicyMode;
using types::StsSource;
using types::TlsFailure;

const Instant start = *parse_rfc3339("2026-11-24T12:00:00Z");
types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

/// One web server, whose answer is written.
class WrittenHost final : public io::HttpsGetter {
 public:
  io::Task<io::HttpsResult> get(io::HttpsRequest request) override {
    asked.push_back(std::move(request));
    co_await boost::asio::post(co_await io::this_executor(), boost::asio::use_awaitable_t<io::Executor>{});
    co_return answer;
  }
  void serves(const std::string& body) { answer = io::HttpsReply{200, "text/plain", body}; }
  void fails(io::HttpsFault fault, std::string what) { answer = Failure{io::HttpsFailure{fault, std::move(what)}}; }

  io::HttpsResult answer = io::HttpsReply{};
  std::vector<io::HttpsRequest> asked;
};

std::string policy(const char* mode, const char* max_age = "604800") {
  return std::string("version: STSv1\nmode: ") + mode + "\nmx: mx.example.test\nmax_age: " + max_age + "\n";
}

class StsServiceTest : public ::testing::Test {
 protected:
  StsServiceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-sts-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    open_store();
    knows("mta-sts.example.test A insecure 192.0.2.80\nmta-sts.example.test AAAA nodata\n");
    host.serves(policy("enforce"));
  }
  ~StsServiceTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void open_store() {
    store_.reset();
    store_ = *io::Store::open(std::make_shared<io::PosixDisk>(directory_), {});
  }
  void knows(const std::string& lines) {
    const auto added = resolver.add(lines);
    ASSERT_TRUE(added.has_value()) << added.error().what;
  }
  void announces(const std::string& id) {
    resolver.remove(name("_mta-sts.example.test"));
    knows("_mta-sts.example.test TXT insecure \"v=STSv1; id=" + id + ";\"\n");
  }
  void announces_nothing() { resolver.remove(name("_mta-sts.example.test")); }

  /// Runs `work` on a service of its own, as after a restart: nothing is known but what the store holds.
  template <class Work>
  void run(Work work) {
    io::StsStore rows(*store_);
    io::run_to_end(with_service(rows, work));
  }
  template <class Work>
  io::Task<> with_service(io::StsStore& rows, Work& work) {
    StsService service({rows, resolver, host, nullptr, clock, log, co_await io::this_executor()});
    co_await work(service);
    co_await boost::asio::post(io::quiet);  // behind what the service has posted to its home, which still refers to it
    co_await service.group().join();
  }
  StsFact look() {
    StsFact fact;
    auto work = [&](StsService& service) -> io::Task<> { fact = co_await service.look(resolver, name("example.test")); };
    run(work);
    return fact;
  }
  StsFact recheck() {
    StsFact fact;
    auto work = [&](StsService& service) -> io::Task<> { fact = co_await service.recheck(resolver, name("example.test")); };
    run(work);
    return fact;
  }
  std::size_t refresh() {
    std::size_t count = 0;
    auto work = [&](StsService& service) -> io::Task<> { count = co_await service.refresh_due(); };
    run(work);
    return count;
  }
  bool logged(std::string_view part) const {
    for (const auto& record : log.records()) {
      if (record.find(part) != std::string::npos) return true;
    }
    return false;
  }

  io::ManualClock clock{start};
  io::dns::ScriptedResolver resolver{clock};
  io::MemoryLog log;
  WrittenHost host;
  std::unique_ptr<io::Store> store_;
  std::string directory_;
};

TEST_F(StsServiceTest, a_domain_without_a_record_costs_one_question) {
  const StsFact fact = look();
  EXPECT_FALSE(fact.in_force || fact.unknown || fact.fault);
  EXPECT_EQ(fact.record, "no record");
  EXPECT_EQ(resolver.asked().size(), 1U);
  EXPECT_TRUE(host.asked.empty());
}

// STS-03, STS-06, SNI-01
TEST_F(StsServiceTest, fetches_once_and_holds_it_over_a_restart) {
  announces("1");
  const StsFact first = look();
  ASSERT_TRUE(first.in_force);
  EXPECT_EQ(first.in_force->policy.mode, StsPolicyMode::enforce);
  EXPECT_EQ(first.in_force->source, StsSource::live);
  ASSERT_EQ(host.asked.size(), 1U);
  EXPECT_EQ(host.asked[0].host.to_string(), "mta-sts.example.test");
  EXPECT_EQ(host.asked[0].path, "/.well-known/mta-sts.txt");
  EXPECT_EQ(static_cast<unsigned>(host.asked[0].port), 443U);
  open_store();
  EXPECT_EQ(look().in_force, first.in_force);
  EXPECT_EQ(host.asked.size(), 1U);
  EXPECT_TRUE(logged("sts.policy_fetched"));
}

// RFC 8461 10.2: neither a blocked record nor a blocked host wipes a policy out.
TEST_F(StsServiceTest, nothing_but_time_ends_a_policy) {
  announces("1");
  look();
  announces_nothing();
  EXPECT_EQ(look().in_force->source, StsSource::cache);
  knows("_mta-sts.example.test TXT timeout\n");
  EXPECT_EQ(look().in_force->source, StsSource::cache);
  announces("2");
  host.fails(io::HttpsFault::certificate, "expired");
  clock.advance(1h);
  const StsFact fact = look();
  EXPECT_EQ(fact.in_force->source, StsSource::cache);
  EXPECT_EQ(fact.fault->failure, TlsFailure::sts_webpki_invalid);
  EXPECT_TRUE(logged("sts.refresh_failed"));
  clock.advance(7 * 24h);
  announces_nothing();
  EXPECT_FALSE(look().in_force);
}

TEST_F(StsServiceTest, a_new_id_brings_a_new_policy) {
  announces("1");
  look();
  announces("2");
  host.serves(policy("none"));
  const StsFact fact = look();
  EXPECT_EQ(fact.in_force->policy.mode, StsPolicyMode::none);
  EXPECT_EQ(fact.in_force->id, "2");
}

// STS-05: five minutes' rest for one id
TEST_F(StsServiceTest, a_host_that_fails_is_left_alone_for_a_while) {
  announces("1");
  host.fails(io::HttpsFault::timeout, "no answer");
  for (int i = 0; i < 3; ++i) {
    const StsFact fact = look();
    EXPECT_FALSE(fact.in_force || fact.unknown);  // RFC 8461 3.3: as if there were none
    EXPECT_EQ(fact.fault->failure, TlsFailure::sts_policy_fetch_error);
  }
  EXPECT_EQ(host.asked.size(), 1U);
  EXPECT_TRUE(logged("sts.fetch_failed"));
  clock.advance(5min);
  host.serves(policy("enforce"));
  EXPECT_TRUE(look().in_force);
}

TEST_F(StsServiceTest, what_a_host_may_serve_wrongly) {
  const std::vector<std::pair<io::HttpsResult, TlsFailure>> rows{
      {io::HttpsReply{404, "text/plain", policy("enforce")}, TlsFailure::sts_policy_fetch_error},
      {io::HttpsReply{301, "text/plain", policy("enforce")}, TlsFailure::sts_policy_fetch_error},
      {io::HttpsReply{200, "text/html", policy("enforce")}, TlsFailure::sts_policy_invalid},
      {io::HttpsReply{200, "text/plain", "nonsense"}, TlsFailure::sts_policy_invalid},
      {Failure{io::HttpsFailure{io::HttpsFault::too_large, "much"}}, TlsFailure::sts_policy_fetch_error},
      {Failure{io::HttpsFailure{io::HttpsFault::no_address, "private"}}, TlsFailure::sts_policy_fetch_error}};
  int id = 0;
  for (const auto& [answer, failure] : rows) {
    announces(std::to_string(++id));
    host.answer = answer;
    const StsFact fact = look();
    EXPECT_FALSE(fact.in_force) << id;
    EXPECT_EQ(fact.fault->failure, failure) << id;
  }
}

// Doubt on our side is never "no policy", and is not held against the domain.
TEST_F(StsServiceTest, our_own_trouble_is_said_as_such) {
  announces("1");
  host.fails(io::HttpsFault::ours, "no turn came");
  EXPECT_EQ(look().unknown, "no turn came");
  host.serves(policy("enforce"));
  EXPECT_TRUE(look().in_force);  // at once: nothing was remembered
  resolver.remove(name("_mta-sts.example.test"));
  knows("_mta-sts.example.test TXT resolver_unfit\n_mta-sts.other.test TXT resolver_unfit\n");
  EXPECT_TRUE(look().in_force);  // what is in force needs nobody's word
  StsFact other;
  auto work = [&](StsService& service) -> io::Task<> { other = co_await service.look(resolver, name("other.test")); };
  run(work);
  EXPECT_TRUE(other.unknown);
}

TEST_F(StsServiceTest, many_at_once_cost_one_fetch) {
  announces("1");
  auto work = [&](StsService& service) -> io::Task<> {
    std::vector<io::Task<StsFact>> all;
    for (int i = 0; i < 20; ++i) all.push_back(service.look(resolver, name("example.test")));
    const std::vector<StsFact> facts = co_await io::together(std::move(all));
    for (const StsFact& fact : facts) EXPECT_TRUE(fact.in_force);
  };
  run(work);
  EXPECT_EQ(host.asked.size(), 1U);
}

// RFC 8461 10.2
TEST_F(StsServiceTest, what_is_in_use_is_fetched_again_daily) {
  announces("1");
  look();
  EXPECT_EQ(refresh(), 0U);
  clock.advance(24h);
  announces_nothing();  // also where somebody blocks the record
  EXPECT_EQ(refresh(), 1U);
  EXPECT_EQ(host.asked.size(), 2U);
  EXPECT_EQ(look().in_force->fetched, start + 24h);
  clock.advance(24h);
  host.fails(io::HttpsFault::connection, "refused");
  EXPECT_EQ(refresh(), 0U);
  EXPECT_TRUE(logged("sts.refresh_failed domain=example.test")) << log.records().back();
  EXPECT_EQ(refresh(), 0U);
  EXPECT_EQ(host.asked.size(), 3U);  // not again within the hour
}

// STS-11
TEST_F(StsServiceTest, a_recheck_asks_the_host_though_the_record_is_the_same) {
  announces("1");
  look();
  clock.advance(2h);
  host.serves(policy("testing"));
  EXPECT_EQ(look().in_force->policy.mode, StsPolicyMode::enforce);
  EXPECT_EQ(recheck().in_force->policy.mode, StsPolicyMode::testing);
  EXPECT_EQ(look().in_force->policy.mode, StsPolicyMode::testing);
}

}  // namespace
}  // namespace danewerk::service
