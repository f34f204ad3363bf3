// The keeper over a written world and a real store: what it notes, tells once, and lets go.
#include "service/domains/domain_keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/dns/scripted_resolver.h"
#include "io/runtime/reactor.h"
#include "io/store/posix_disk.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

const Instant start = *parse_rfc3339("2026-11-27T12:00:00Z");
types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }
const types::DomainName contoso = name("contoso.test");
const std::string host = "contoso-test.s1.mx.test";

constexpr std::string_view world = R"(
zone contoso.test secure
zone mx.test secure
contoso-test.s1.mx.test            A     secure  192.0.2.1
_25._tcp.contoso-test.s1.mx.test   TLSA  secure  3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
contoso.test                       MX    secure  10 contoso-test.s1.mx.test
_smtp._tls.contoso.test            TXT   secure  "v=TLSRPTv1; rua=mailto:a@contoso.test"
)";

struct House {
  House() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-domains-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    store = *io::Store::open(std::make_shared<io::PosixDisk>(directory), {});
    domains = *io::DomainStore::open(*store);
    findings.emplace(*store);
    EXPECT_TRUE(resolver.add(world).has_value());
    matched.kind = types::VerdictKind::matched;
  }
  ~House() {
    domains.reset();
    store.reset();
    std::filesystem::remove_all(directory);
  }
  DomainParts parts() {
    const auto probe = [this](types::DomainName at, std::vector<types::IpAddress> addresses, types::TlsaSet) -> io::Task<types::ProbeSight> {
      return probed(std::move(at), std::move(addresses));
    };
    const auto expect = [](const types::DomainName& domain) { return lifecycle::Expectation{domain, name(host), {*types::IpAddress::parse("192.0.2.1")}}; };
    const auto alert = [this](std::optional<std::string> fault) { alerted = std::move(fault); };
    return {*domains, *findings, resolver, nullptr, probe, expect, nullptr, alert, clock, entropy, log, pace, {}};
  }
  io::Task<types::ProbeSight> probed(types::DomainName at, std::vector<types::IpAddress> addresses) {
    ++probes;
    most_at_once = std::max(most_at_once, ++at_once);
    if (probe_takes > Duration::zero()) co_await clock.sleep_for(probe_takes);
    --at_once;
    types::Probe one;
    one.address = addresses.at(0);
    one.end = types::ProbeEnd::shook_hands;
    one.verdict = matched;
    types::ProbeSight sight{std::move(at), clock.now(), {one}};
    co_return sight;
  }
  io::Task<> add(std::string domain) {
    types::DomainFacts facts;
    facts.verified = facts.dnssec.asked = facts.dane.asked = types::MaybeInstant(start);
    const types::AcceptedDomain made{name(domain), *types::TenantId::parse("contoso"), *types::Route::parse("lmtp:127.0.0.1:24"), {}, "", facts};
    std::vector<types::AcceptedDomain> all(1, made);
    const types::AdminAct act{"test", "", clock.now()};
    const auto added = co_await domains->add(std::move(all), act, io::DomainStore::NewTenants::made);
    EXPECT_TRUE(added.has_value());
  }
  types::DomainFacts facts() { return domains->snapshot()->find(contoso)->facts; }
  int told(const std::string& words) {
    const auto records = log.records();
    return static_cast<int>(std::count_if(records.begin(), records.end(), [&words](const std::string& one) { return one.find(words) != std::string::npos; }));
  }

  std::string directory;
  io::ManualClock clock{start};
  io::SeededEntropy entropy{7};
  io::MemoryLog log;
  io::dns::ScriptedResolver resolver{clock};
  std::unique_ptr<io::Store> store;
  std::unique_ptr<io::DomainStore> domains;
  std::optional<io::FindingStore> findings;
  types::Verdict matched;
  std::optional<std::string> alerted;
  int probes = 0;
  int at_once = 0;
  int most_at_once = 0;
  Duration probe_takes{};
  WatchPace pace;
};

io::Task<> look_twice(House& house) {
  co_await house.add("contoso.test");
  DomainKeeper keeper(house.parts(), co_await io::this_executor());
  const lifecycle::Skips nothing;
  EXPECT_TRUE(house.resolver.add("contoso.test * resolver_unfit").has_value());
  auto looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  EXPECT_FALSE(house.facts().looked.has_value()) << "our own trouble is no look";
  EXPECT_EQ(house.told("domain.finding"), 0);
  house.resolver.remove(contoso);
  EXPECT_TRUE(house.resolver.add("contoso.test MX secure 10 contoso-test.s1.mx.test").has_value());
  looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  EXPECT_TRUE(looked.has_value());
  EXPECT_EQ(looked->status.standing, lifecycle::Standing::healthy);
  EXPECT_EQ(house.facts(), looked->domain.facts) << "what was seen is kept";
  EXPECT_TRUE(house.facts().dane_live.has_value());
  EXPECT_EQ(house.told("domain.dane_live"), 1);
  house.matched.kind = types::VerdictKind::not_matched;
  house.matched.reason = "no record matches";
  looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  EXPECT_EQ(house.probes, 1) << "one probe serves for a while";
  house.clock.advance(5min);
  for (int i = 0; i < 3; ++i) looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::anew);
  EXPECT_EQ(looked->status.standing, lifecycle::Standing::faulty);
  EXPECT_EQ(house.told("code=tlsa.mismatch"), 1) << "told once";
  EXPECT_FALSE(house.facts().dane_live.has_value());
  house.matched.kind = types::VerdictKind::matched;
  lifecycle::Skips skips;
  skips.mta_sts = true;
  looked = co_await keeper.look_at(contoso, skips, DomainKeeper::Probing::anew);
  EXPECT_EQ(house.told("domain.finding_over"), 0) << "a look that skips something ends nothing";
  looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::anew);
  EXPECT_EQ(house.told("domain.finding_over"), 1);
  const auto standing = co_await house.findings->of(contoso);
  EXPECT_TRUE(standing->empty());
}

/// Virtual time goes on while real threads write: a minute at most at a turn, so that who is between two sleeps is not left behind by hours.
io::Task<> until(House& house, std::function<bool()> holds) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "it did not come to be";
      co_return;
    }
    if (const auto wake = house.clock.next_wake()) house.clock.advance_to(std::min(*wake, house.clock.now() + 1min));
    co_await boost::asio::post(co_await io::this_executor(), boost::asio::use_awaitable_t<io::Executor>{});
  }
}

io::Task<> watch_all(House& house) {
  co_await house.add("contoso.test");
  co_await house.add("other.test");
  house.pace.in_motion = 24h;
  DomainKeeper keeper(house.parts(), co_await io::this_executor());
  io::TaskGroup group(co_await io::this_executor(), "watch");
  group.spawn("watch", keeper.watch());
  std::function<bool()> both = [&house] { return house.facts().looked && house.domains->snapshot()->find(name("other.test"))->facts.looked; };
  co_await until(house, std::move(both));
  EXPECT_TRUE(house.facts().mx_here.has_value());
  house.resolver.remove(contoso, types::RecordType::mx);  // proven: no MX at all
  std::function<bool()> deferred = [&house] { return house.told("domain.quarantined") == 1; };  // by then it may be gone
  co_await until(house, std::move(deferred));
  EXPECT_GE(house.clock.now() - start, 72h);
  std::function<bool()> gone = [&house] { return house.told("domain.removed") == 1; };
  co_await until(house, std::move(gone));
  EXPECT_EQ(house.told("domain.quarantined"), 1);
  EXPECT_EQ(house.domains->snapshot()->find(contoso), nullptr);
  EXPECT_NE(house.domains->snapshot()->find(name("other.test")), nullptr) << "it never came, so it has not left";
  group.stop();
  keeper.group().stop();
  co_await group.join();
  co_await keeper.group().join();
}

/// A look may take longer than the watch's round: a hundred unreachable addresses, a name server that drips.
io::Task<> watch_what_is_slow(House& house) {
  co_await house.add("contoso.test");
  house.probe_takes = 1h;
  DomainKeeper keeper(house.parts(), co_await io::this_executor());
  io::TaskGroup group(co_await io::this_executor(), "watch");
  group.spawn("watch", keeper.watch());
  std::function<bool()> twice = [&house] { return house.probes >= 2; };
  co_await until(house, std::move(twice));
  EXPECT_EQ(house.most_at_once, 1);
  EXPECT_GE(house.clock.now() - start, 1h);
  group.stop();
  keeper.group().stop();
  co_await group.join();
  co_await keeper.group().join();
}

/// The name's new owner leads its mail here, and wants it elsewhere than in the old one's mailboxes. Decision 0088.
io::Task<> lead_here_again(House& house) {
  const std::string mx = "contoso.test MX secure 10 " + host;
  const lifecycle::Skips nothing;
  co_await house.add("contoso.test");
  DomainKeeper keeper(house.parts(), co_await io::this_executor());
  auto looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  const types::ControlToken before = house.facts().token;
  house.resolver.remove(contoso, types::RecordType::mx);
  for (int i = 0; i < 2; ++i) {
    looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
    house.clock.advance(72h);
  }
  looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  const types::ControlToken made = house.facts().token;
  EXPECT_TRUE(house.facts().quarantined.has_value());
  EXPECT_NE(made, before);
  EXPECT_TRUE(house.resolver.add(mx).has_value());
  looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  EXPECT_FALSE(types::takes_mail(house.facts()));
  EXPECT_EQ(house.facts().token, made);
  EXPECT_EQ(house.told("code=control.returned"), 1);
  EXPECT_EQ(house.told("domain.released"), 0);
  EXPECT_TRUE(house.resolver.add("_danewerk-challenge.contoso.test TXT secure \"" + lifecycle::control_text(made) + "\"").has_value());
  looked = co_await keeper.look_at(contoso, nothing, DomainKeeper::Probing::as_remembered);
  EXPECT_TRUE(types::takes_mail(house.facts()));
  EXPECT_EQ(house.told("domain.released"), 1);
  EXPECT_EQ(house.told("domain.finding_over domain=contoso.test code=control.quarantined"), 1);
}

TEST(DomainKeeper, an_mx_that_leads_here_again_is_told_and_only_the_new_token_counts) {
  House house;
  io::run_to_end(lead_here_again(house));
}

TEST(DomainKeeper, notes_what_it_sees_and_tells_each_fault_once) {
  House house;
  io::run_to_end(look_twice(house));
}

TEST(DomainKeeper, looks_at_a_domain_once_at_a_time) {
  House house;
  io::run_to_end(watch_what_is_slow(house));
}

TEST(DomainKeeper, watches_until_a_domain_that_left_is_gone) {
  House house;
  io::run_to_end(watch_all(house));
}

}  // namespace
}  // namespace danewerk::service
