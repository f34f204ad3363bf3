// The keeper against a resolver in memory and a real store: at each moment the resolver holds what is wanted, and no row goes too early.
#include "service/anchors/anchor_keeper.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/runtime/reactor.h"
#include "io/store/posix_disk.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

const Instant start = *parse_rfc3339("2026-11-24T12:00:00Z");
types::DomainName name(std::string_view text) { return *types::DomainName::parse(text); }

struct House {
  House() {
    std::string pattern = (std::filesystem::temp_directory_path() / "danewerk-anchors-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    open();
  }
  ~House() {
    close();
    std::filesystem::remove_all(directory);
  }
  void open() {
    store = *io::Store::open(std::make_shared<io::PosixDisk>(directory), {});
    anchors = *io::AnchorStore::open(*store);
    keeper = std::make_unique<AnchorKeeper>(AnchorParts{*anchors, resolver, clock, log, [this](const types::DomainName& gone) { forgotten.push_back(gone); }});
  }
  void close() {
    keeper.reset();
    anchors.reset();
    store.reset();
  }

  std::string held() {
    std::string out;
    io::run_to_end(list(out));
    return out;
  }
  std::string reconcile() {
    std::string out;
    io::run_to_end(once(out));
    return out;
  }
  std::string add(const char* domain, Duration lasts) {
    std::string out;
    io::run_to_end(add_one(name(domain), clock.now() + lasts, out));
    return out;
  }
  std::string end(const char* domain) {
    std::string out;
    io::run_to_end(end_one(name(domain), out));
    return out;
  }

  std::string directory;
  io::ManualClock clock{start};
  io::MemoryLog log;
  io::dns::HeldAnchors resolver;
  std::vector<types::DomainName> forgotten;
  std::unique_ptr<io::Store> store;
  std::unique_ptr<io::AnchorStore> anchors;
  std::unique_ptr<AnchorKeeper> keeper;

 private:
  io::Task<> list(std::string& out) {
    const auto found = co_await resolver.list();
    for (const types::DomainName& one : *found) out += (out.empty() ? "" : " ") + one.to_string();
  }
  io::Task<> once(std::string& out) {
    const auto done = co_await keeper->reconcile();
    if (!done) out = done.error().what;
  }
  io::Task<> add_one(types::DomainName domain, Instant until, std::string& out) {
    types::AdminAct act{"root", "broken there", clock.now()};
    const auto done = co_await anchors->add(std::move(domain), until, std::move(act));
    if (!done) out = done.error().what;
  }
  io::Task<> end_one(types::DomainName domain, std::string& out) {
    types::AdminAct act{"root", "mended", clock.now()};
    const auto done = co_await anchors->end(std::move(domain), std::move(act));
    if (!done) out = done.error().what;
  }
};

TEST(AnchorKeeper, holds_until_the_end_and_no_longer) {  // RFC 7646 4
  House house;
  EXPECT_EQ(house.add("bogus.test", 1h), "");
  EXPECT_NE(house.add("bogus.test", 2h), "") << "one a name";
  EXPECT_EQ(house.reconcile(), "");
  EXPECT_EQ(house.held(), "bogus.test");
  EXPECT_EQ(house.forgotten, std::vector{name("bogus.test")}) << "what was cached as broken";
  house.clock.advance(59min);
  house.reconcile();
  EXPECT_EQ(house.held(), "bogus.test");
  house.clock.advance(1min);
  house.reconcile();
  EXPECT_EQ(house.held(), "");
  EXPECT_EQ(house.anchors->snapshot()->size(), 1U) << "a lookup may be under way that began before: unsigned answers are not believed yet";
  house.clock.advance(31s);
  house.reconcile();
  EXPECT_EQ(house.anchors->snapshot()->size(), 0U);
}

TEST(AnchorKeeper, a_restarted_resolver_is_told_again) {
  House house;
  house.add("bogus.test", 1h);
  house.reconcile();
  house.resolver.restart();
  house.reconcile();
  EXPECT_EQ(house.held(), "bogus.test");
}

TEST(AnchorKeeper, a_restart_of_ours_loses_nothing) {
  House house;
  house.add("bogus.test", 1h);
  house.add("short.test", 1min);
  house.reconcile();
  house.close();
  house.clock.advance(10min);
  house.open();
  EXPECT_EQ(house.anchors->snapshot()->size(), 2U);
  house.reconcile();
  EXPECT_EQ(house.held(), "bogus.test") << "what ended while we were away is let go";
}

TEST(AnchorKeeper, an_ended_anchor_stays_known_while_the_resolver_is_away) {
  House house;
  house.add("bogus.test", 1h);
  house.reconcile();
  house.resolver.set_away(Error{ErrorKind::unavailable, "nobody there"});
  EXPECT_EQ(house.end("bogus.test"), "");
  EXPECT_NE(house.end("bogus.test"), "") << "it has ended already";
  house.clock.advance(2h);
  EXPECT_EQ(house.reconcile(), "nobody there");
  EXPECT_EQ(house.keeper->fault(), "nobody there");
  EXPECT_EQ(house.anchors->snapshot()->size(), 1U) << "the resolver may still hold it";
  house.resolver.set_away(std::nullopt);
  EXPECT_EQ(house.reconcile(), "");
  EXPECT_EQ(house.keeper->fault(), std::nullopt);
  EXPECT_EQ(house.held(), "");
  house.reconcile();
  EXPECT_EQ(house.anchors->snapshot()->size(), 0U);
}

TEST(AnchorKeeper, set_again_after_its_end) {
  House house;
  house.add("bogus.test", 1h);
  house.reconcile();
  house.end("bogus.test");
  EXPECT_EQ(house.add("bogus.test", 1h), "");
  house.reconcile();
  EXPECT_EQ(house.held(), "bogus.test");
  EXPECT_TRUE(house.anchors->snapshot()->front().in_force(house.clock.now()));
}

io::Task<> one_that_is_set_meanwhile(House& house) {
  io::TaskGroup group(co_await io::this_executor(), "keeper");
  group.spawn("keep", house.keeper->keep());
  io::Event turn(co_await io::this_executor());
  const auto let_it_run = [&turn]() -> io::Task<bool> { return turn.wait_for(std::chrono::milliseconds(50)); };
  co_await let_it_run();
  EXPECT_TRUE(house.clock.next_wake().has_value());
  EXPECT_LE(*house.clock.next_wake(), house.clock.now() + 10s) << "an anchor set now, for a moment, must not stay for a minute";
  group.stop();
  co_await group.join();
}

TEST(AnchorKeeper, sleeps_no_longer_without_anchors) {
  House house;
  io::run_to_end(one_that_is_set_meanwhile(house));
}

TEST(AnchorKeeper, strangers_anchors_do_not_stay) {
  House house;
  struct Stranger {
    static io::Task<> add(io::dns::HeldAnchors& to) {
      const auto done = co_await to.add(name("set-by-hand.test"));
      EXPECT_TRUE(done.has_value());
    }
  };
  io::run_to_end(Stranger::add(house.resolver));
  house.reconcile();
  EXPECT_EQ(house.held(), "") << "without author, reason and end";
}

}  // namespace
}  // namespace danewerk::service
