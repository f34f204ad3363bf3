// The publisher over a real store and a simulated zone, in virtual time.
#include "service/publisher/publisher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"
#include "io/store/posix_disk.h"
#include "io/tls/self_issue.h"
#include "service/publisher/test_bench.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;
using rollover::Sight;

using Scenario = io::Task<> (*)(Bench&);

io::Task<> on_bench(Scenario scenario) {
  Bench bench(co_await io::this_executor());
  bench.begin();
  co_await scenario(bench);
  co_await bench.end();
}

io::Task<> first_start(Bench& bench) {
  co_await bench.settle();
  EXPECT_EQ(bench.zone.changes, 1);
  EXPECT_EQ(bench.told("publisher.key_made"), 2);
  EXPECT_EQ(bench.told("publisher.ds_to_hand_over"), 1);
  EXPECT_NE(bench.publisher->status().ds_records.at(0).find("mx.hoster.example. IN DS "), std::string::npos);
  EXPECT_NE(bench.publisher->status().next.why.find("ns2 (without it)"), std::string::npos) << bench.publisher->status().next.why;
  co_await bench.advance(150s);
  EXPECT_EQ(bench.told("publisher.record_seen"), 2);
  EXPECT_NE(bench.publisher->status().next.why.find("DS at the parent"), std::string::npos) << bench.publisher->status().next.why;
  co_await bench.advance(1h);
  EXPECT_EQ(bench.served(), "") << "nothing is served without a validated lookup";
  bench.zone.ds_at_parent = true;
  co_await bench.advance(10s);
  EXPECT_NE(bench.served(), "");
  EXPECT_NE(describe(bench.publisher->status()).find("served now: " + bench.served()), std::string::npos);
}

TEST(Publisher, first_start_waits_for_servers_and_for_the_ds) { io::run_to_end(on_bench(first_start)); }  // DDNS-03, PUB-03

io::Task<> cache_wait(Bench& bench) {
  bench.zone.ds_at_parent = true;
  co_await bench.advance(100s + 2 * 60s - 1s);
  EXPECT_EQ(bench.served(), "") << "twice the negative TTL from the last server";
  co_await bench.advance(16s);
  EXPECT_NE(bench.served(), "");
}

TEST(Publisher, first_start_waits_for_caches) { io::run_to_end(on_bench(cache_wait)); }  // PUB-03

io::Task<> restart(Bench& bench) {
  bench.zone.ds_at_parent = true;
  co_await bench.advance(10min);
  const std::string before = bench.served();
  const int changes = bench.zone.changes;
  co_await bench.end();
  bench.zone.server(0).sight = Sight::unreachable;
  bench.zone.server(1).sight = Sight::unreachable;
  bench.begin();
  co_await bench.advance(1min);
  EXPECT_EQ(bench.served(), "") << "no server shows the record";
  bench.zone.server(0).sight = Sight::verified;
  bench.zone.ds_at_parent = false;
  co_await bench.advance(10s);
  EXPECT_EQ(bench.served(), before);
  EXPECT_NE(before, "");
  EXPECT_EQ(bench.zone.changes, changes) << "the zone already held all";
}

TEST(Publisher, a_restart_serves_the_same_key_once_a_server_shows_it) { io::run_to_end(on_bench(restart)); }

io::Task<> rolls(Bench& bench) {
  co_await bench.end();
  bench.wanted.look_interval = 30min;  // days pass here
  bench.zone.ds_at_parent = true;
  bench.begin();
  co_await bench.advance(10min);
  const std::string first = bench.served();
  const auto context = bench.slot->current();
  co_await bench.advance(6 * 24h);
  EXPECT_EQ(bench.served(), first);
  EXPECT_NE(bench.slot->current(), context) << "a renewed certificate, the same key";
  EXPECT_GE(bench.told("publisher.certificate_renewed"), 1);
  bench.zone.server(1).sight = Sight::unverified;  // ns2 signs no more: no change of keys
  co_await bench.advance(4 * 24h + 30min);  // from when the key is due, there is a look every five seconds
  EXPECT_EQ(bench.served(), first);
  EXPECT_NE(bench.publisher->status().held_up.value_or("").find("ns2"), std::string::npos) << "the change is due and held up";
  EXPECT_EQ(bench.told("publisher.server_faulty server=ns2"), 1) << "said once";
  bench.zone.server(1).sight = Sight::verified;
  co_await bench.advance(2 * 60s - 1s);  // what the two first keys displaced was absence: the negative TTL
  EXPECT_EQ(bench.served(), first) << "the wait began anew";
  co_await bench.advance(1min);
  EXPECT_NE(bench.served(), first);
  co_await bench.advance(1h);
  EXPECT_EQ(bench.told("publisher.key_erased key=" + first), 1);
  EXPECT_EQ(bench.publisher->status().keys.size(), 2U);
  EXPECT_EQ(bench.told("publisher.key_made"), 3);
}

TEST(Publisher, rolls_when_all_is_well_and_only_then) { io::run_to_end(on_bench(rolls)); }  // PUB-02, PUB-03

io::Task<> theft(Bench& bench) {
  bench.zone.ds_at_parent = true;
  co_await bench.advance(10min);
  const std::string stolen = bench.served();
  const types::AdminAct act{"root", "laptop lost", bench.clock.now()};
  EXPECT_EQ((co_await bench.publisher->declare_compromised("nosuch", act)).error().kind, ErrorKind::not_found);
  EXPECT_TRUE((co_await bench.publisher->declare_compromised(stolen, act)).has_value());
  co_await bench.advance(5min + 1s);
  EXPECT_NE(bench.served(), stolen);
  EXPECT_EQ(bench.told("publisher.key_withdrawn key=" + stolen), 1);
}

TEST(Publisher, a_stolen_key_is_replaced_at_the_next_look) { io::run_to_end(on_bench(theft)); }  // PUB-10

/// A source that does as it is told.
class ScriptedSource final : public CertificateSource {
 public:
  enum class Mood { works, fails, later, brings_another_key };
  explicit ScriptedSource(const io::Clock& clock) : clock_(clock), own_(7 * 24h, clock) {}
  std::string name() const override { return "scripted"; }
  io::Task<Result<types::CertificateAnswer>> obtain(types::CertificateOrder order) override {
    ++asked;
    if (mood == Mood::fails) co_return fail(ErrorKind::refused, "urn:ietf:params:acme:error:caa");
    if (mood == Mood::later) co_return types::CertificateAnswer(types::CertificateLater{clock_.now() + 1min, "the order runs"});
    if (mood == Mood::brings_another_key) order.private_key = *io::generate_key(types::KeyAlgorithm::ecdsa_p256);
    co_return co_await own_.obtain(std::move(order));
  }
  Mood mood = Mood::works;
  int asked = 0;

 private:
  const io::Clock& clock_;
  SelfIssued own_;
};

io::Task<> other_sources(Bench& bench) {
  ScriptedSource source(bench.clock);
  co_await bench.end();
  bench.source = &source;
  source.mood = ScriptedSource::Mood::fails;
  bench.zone.ds_at_parent = true;
  bench.begin();
  co_await bench.advance(20min);
  const std::string first = bench.served();
  EXPECT_NE(first, "") << "the first start serves with a certificate of our own";
  EXPECT_EQ(bench.told("publisher.source_failed"), 1) << "said once";
  EXPECT_NE(bench.publisher->status().source_fault.find("acme:error:caa"), std::string::npos);
  source.mood = ScriptedSource::Mood::brings_another_key;
  co_await bench.advance(20min);
  EXPECT_NE(bench.publisher->status().source_fault.find("is for another key"), std::string::npos) << bench.publisher->status().source_fault;
  const types::AdminAct act{"root", "test", bench.clock.now()};
  EXPECT_TRUE((co_await bench.publisher->roll(std::nullopt, act)).has_value());
  EXPECT_EQ((co_await bench.publisher->roll(std::nullopt, act)).error().kind, ErrorKind::conflict);
  co_await bench.advance(1h);
  EXPECT_EQ(bench.served(), first) << "no change of keys by calendar or wish without a certificate";
  EXPECT_NE(bench.publisher->status().held_up.value_or("").find("certificate"), std::string::npos);
  source.mood = ScriptedSource::Mood::later;
  co_await bench.advance(20min);
  source.mood = ScriptedSource::Mood::works;
  co_await bench.advance(20min);
  EXPECT_NE(bench.served(), first);
  EXPECT_EQ(bench.publisher->status().source_fault, "");
  EXPECT_EQ(bench.told("publisher.source_well"), 1);
  co_await bench.end();
  bench.source = nullptr;
  bench.begin();
}

TEST(Publisher, a_failing_source_or_a_wrong_certificate_stops_nothing_and_is_never_served) { io::run_to_end(on_bench(other_sources)); }

io::Task<> late_edge(Bench& bench) {
  const auto elsewhere = std::make_shared<types::TlsaRecord>();
  co_await bench.end();
  bench.wanted.algorithms = {types::KeyAlgorithm::ecdsa_p256, types::KeyAlgorithm::rsa_2048};
  bench.probe = [&bench, elsewhere]() -> io::Task<std::vector<rollover::EdgeSight>> {
    std::vector<rollover::EdgeSight> out;
    for (const auto& key : bench.publisher->status().keys) {
      if (key.phase != rollover::Phase::serving) continue;
      out.push_back({"192.0.2.1", types::line_of(key.algorithm), rollover::EdgeAnswer::presented, *types::TlsaRecord::parse(key.record), ""});
      out.push_back(out.back());
      out.back().address = "192.0.2.2";
      if (out.back().line == types::KeyLine::rsa) out.back().record = *elsewhere;
    }
    co_return out;
  };
  bench.zone.ds_at_parent = true;
  bench.begin();
  co_await bench.advance(10min);
  const auto keys = bench.publisher->status().keys;
  EXPECT_EQ(keys.size(), 4U);
  const auto rsa = std::find_if(keys.begin(), keys.end(), [](const auto& k) { return k.algorithm == types::KeyAlgorithm::rsa_2048 && k.role == "serving"; });
  if (rsa == keys.end()) co_return;  // the check above has failed too
  const std::string old = rsa->id;
  EXPECT_NE(bench.served().find(","), std::string::npos) << "one chain a line: " << bench.served();
  *elsewhere = *types::TlsaRecord::parse(rsa->record);
  const types::AdminAct act{"root", "", bench.clock.now()};
  EXPECT_TRUE((co_await bench.publisher->roll(types::KeyLine::rsa, act)).has_value());
  co_await bench.advance(30min);
  EXPECT_EQ(bench.served().find(old), std::string::npos);
  EXPECT_EQ(bench.told("publisher.key_withdrawn key=" + old), 0) << "an edge still serves it";
  EXPECT_NE(bench.publisher->status().held_up.value_or("").find("192.0.2.2 still serves it"), std::string::npos);
  EXPECT_NE(before_next_key(bench.publisher->status()).why.find("192.0.2.2 still serves it"), std::string::npos) << "no next RSA key until then";
  for (const auto& key : bench.publisher->status().keys) {
    if (key.role == "serving" && key.algorithm == types::KeyAlgorithm::rsa_2048) *elsewhere = *types::TlsaRecord::parse(key.record);
  }
  co_await bench.advance(10min);
  EXPECT_EQ(bench.told("publisher.key_withdrawn key=" + old), 1);
  EXPECT_EQ(bench.publisher->status().held_up, std::nullopt);
}

io::Task<> make_key(KeyBook& book, std::optional<Result<std::string>>& made) {
  std::vector<types::DomainName> names(1, *types::DomainName::parse("*.s1.mx.hoster.example"));
  const Ttl displaced{60};
  made = co_await book.make(types::KeyAlgorithm::rsa_2048, std::move(names), 24h, displaced, start);
}

/// Making an RSA key takes seconds on a slow machine, and mail goes through the publisher's reactor.
io::Task<> make_key_elsewhere() {
  const Directory directory;
  io::StoreSettings threads;
  threads.file_threads = 1;
  const auto store = *io::Store::open(std::make_shared<io::PosixDisk>(directory.path()), threads);
  io::KeyStore keys(*store);
  KeyBook book(keys, *types::DomainName::parse("mx.hoster.example"), "", "self-issued");
  std::promise<void> freed;
  store->files().post([busy = freed.get_future().share()](std::size_t) { busy.wait(); });  // the only thread that may take long is taken
  std::optional<Result<std::string>> made;
  io::TaskGroup group(co_await io::this_executor(), "keys");
  group.spawn("make", make_key(book, made));
  for (int i = 0; i < 3; ++i) {  // writes are in order: had the key been made here, its own two would be through before these
    io::ZoneFact fact{"test", std::to_string(i), start};
    const auto written = co_await keys.put_zone_fact("other.example", std::move(fact));
    EXPECT_TRUE(written.has_value());
  }
  EXPECT_FALSE(made.has_value());
  freed.set_value();
  boost::asio::use_awaitable_t<io::Executor> token;
  while (!made) co_await boost::asio::post(co_await io::this_executor(), token);
  EXPECT_TRUE(made->has_value());
  group.stop();
  co_await group.join();
}

TEST(KeyBook, makes_keys_beside_the_reactor) { io::run_to_end(make_key_elsewhere()); }

TEST(Publisher, two_lines_of_keys_and_an_edge_that_is_late) { io::run_to_end(on_bench(late_edge)); }  // PUB-03, PUB-04

io::Task<> frozen(Bench& bench) {
  bench.zone.refuses_updates = true;
  co_await bench.advance(5min);
  EXPECT_EQ(bench.told("publisher.update_failed"), 1) << "said once, tried often";
  EXPECT_NE(bench.publisher->status().fault.find("refused"), std::string::npos);
  EXPECT_EQ(bench.served(), "");
  bench.zone.refuses_updates = false;
  bench.zone.ds_at_parent = true;
  co_await bench.advance(10min);
  EXPECT_EQ(bench.publisher->status().fault, "");
  EXPECT_NE(bench.served(), "");
}

io::Task<> foreign_record() {
  Bench bench(co_await io::this_executor());
  bench.wanted.writers = zone::Writers::others;
  const types::DomainName star = *types::DomainName::parse("*.s1.mx.hoster.example");
  types::ZoneChange change;
  change.zone = settings().zone.apex;
  change.adds.push_back(types::RrSet::of(star, types::RecordType::a, Ttl{600}, std::vector<types::RecordData>(1, *types::IpAddress::parse("192.0.2.99"))));
  EXPECT_TRUE((co_await bench.zone.apply(change)).has_value());
  bench.zone.ds_at_parent = true;
  bench.begin();
  co_await bench.advance(1h);
  EXPECT_EQ(bench.zone.changes, 1) << "nothing half published";
  EXPECT_NE(bench.publisher->status().fault.find("192.0.2.99"), std::string::npos) << bench.publisher->status().fault;
  EXPECT_NE(bench.publisher->status().held_up.value_or("").find("192.0.2.99"), std::string::npos) << "it lasts, so it is an alert";
  EXPECT_EQ(bench.served(), "");
  const types::AdminAct act{"anna", "it is ours", bench.clock.now()};
  EXPECT_TRUE((co_await bench.publisher->adopt(star, types::RecordType::a, act)).has_value());
  EXPECT_EQ((co_await bench.publisher->adopt(star, types::RecordType::txt, act)).error().kind, ErrorKind::not_found);
  co_await bench.advance(1h);
  EXPECT_NE(bench.served(), "");
  EXPECT_EQ(bench.publisher->status().fault, "");
  co_await bench.end();
  bench.wanted.zone.mx_addresses.front() = *types::IpAddress::parse("192.0.2.2");
  bench.begin();  // what we wrote ourselves is remembered as ours
  co_await bench.advance(10min);
  EXPECT_EQ(bench.publisher->status().fault, "");
  EXPECT_TRUE(bench.publisher->plan().changes.empty());
  co_await bench.end();
}

TEST(Publisher, a_record_of_somebody_else_stops_all_and_is_named) { io::run_to_end(foreign_record()); }

/// What somebody with later keys left in the zone: the record of `kept`, and one nobody here knows.
types::ZoneChange later_state(const std::string& kept) {
  types::ZoneChange change;
  change.zone = settings().zone.apex;
  for (const types::DomainName& star : zone::tlsa_owners(settings().zone)) {
    types::RrSet set{star, types::RecordType::tlsa, Ttl{600}, {types::TlsaRecord::parse(kept)->to_rdata(), Bytes(35, 3)}};
    change.adds.push_back(std::move(set));
  }
  return change;
}

/// The store is put back to where key A served and B was next; meanwhile B was followed by C, which we know nothing of.
io::Task<> overtaken(Bench& bench) {
  bench.zone.ds_at_parent = true;
  co_await bench.advance(10min);
  const std::string first = bench.served();
  const PublisherStatus known = bench.publisher->status();
  const auto next = std::find_if(known.keys.begin(), known.keys.end(), [&first](const auto& key) { return key.id != first; });
  co_await bench.end();
  const types::ZoneChange change = later_state(next->record);
  EXPECT_TRUE((co_await bench.zone.apply(change)).has_value());
  bench.clock.advance_to(bench.clock.now() + 1h);  // every server has it
  bench.begin();
  co_await bench.settle();
  EXPECT_EQ(bench.told("publisher.key_superseded key=" + first), 1);
  EXPECT_EQ(bench.told("publisher.key_superseded key=" + next->id), 0);
  EXPECT_EQ(bench.served(), "") << "no wait counts over a restart";
  co_await bench.advance(1h);
  EXPECT_EQ(bench.served(), next->id) << "the key that the zone still holds";
  co_await bench.advance(11 * 24h);
  EXPECT_NE(bench.served(), next->id) << "rollovers go on";
  EXPECT_NE(bench.served(), first);
}

TEST(Publisher, a_key_that_the_zone_has_overtaken_never_serves_again) { io::run_to_end(on_bench(overtaken)); }  // PUB-02, PUB-03

TEST(Publisher, a_refusing_primary_is_told_once_and_tried_again) { io::run_to_end(on_bench(frozen)); }

}  // namespace
}  // namespace danewerk::service
