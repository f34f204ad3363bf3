// Lines by themselves: what may serve what, what ends a line, and what its peer hears when it ends.
#include "service/delivery/lines.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "io/runtime/reactor.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

types::Hop dane_hop() {
  types::Hop hop;
  hop.host = types::MxHost(*types::DomainName::parse("mx.test"));
  hop.addresses = {*types::IpAddress::parse("192.0.2.1"), *types::IpAddress::parse("192.0.2.2")};
  hop.level = types::SecurityLevel::dane;
  hop.reason = types::LevelReason::tlsa_usable;
  types::DaneTerms terms;
  terms.base = types::TlsaBaseDomain(*types::DomainName::parse("mx.test"));
  terms.usable = {*types::TlsaRecord::parse("3 1 1 " + std::string(64, '1'))};
  terms.published = terms.usable;
  terms.names = {types::ReferenceName(*types::DomainName::parse("mx.test")), types::ReferenceName(*types::DomainName::parse("dest.test"))};
  hop.dane = terms;
  hop.sni = *types::DomainName::parse("mx.test");
  return hop;
}

LineTerms terms_for(const types::Hop& hop) {
  return terms_of(hop, hop.addresses.front(), types::Opening::starttls, types::RouteProtocol::smtp);
}

// TLS-04: what is no demand on the connection may differ
TEST(LineTerms, how_the_host_was_found_does_not_count) {
  types::Hop other = dane_hop();
  other.preference = 70;
  other.mx = types::MxTrust::insecure;
  other.origin = types::HostOrigin::relay_host;
  other.addresses.pop_back();
  other.dane->names.pop_back();
  other.dane->published.push_back(*types::TlsaRecord::parse("0 0 1 " + std::string(64, '2')));
  EXPECT_TRUE(serves(terms_for(dane_hop()), terms_for(other)));
  EXPECT_NE(terms_for(dane_hop()).names, terms_for(other).names) << "names are kept apart, to be judged again";
}

// TLS-04: everything else has to be the same
TEST(LineTerms, any_other_demand_is_another_line) {
  const LineTerms made = terms_for(dane_hop());
  const auto refused = [&made](auto change) {
    types::Hop hop = dane_hop();
    change(hop);
    return !serves(made, terms_for(hop));
  };
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.dane->usable.push_back(*types::TlsaRecord::parse("3 1 1 " + std::string(64, '3'))); }));
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.dane->base = types::TlsaBaseDomain(*types::DomainName::parse("other.test")); }));
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.dane.reset(); }));
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.sni = *types::DomainName::parse("other.test"); }));
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.port = types::Port{587}; }));
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.audit = types::SecurityLevel::dane; }));
  EXPECT_TRUE(refused([](types::Hop& hop) { hop.addresses = {*types::IpAddress::parse("192.0.2.2")}; }));
  const auto unlike = [&made](auto change) {
    LineTerms wanted = made;
    change(wanted);
    return !serves(made, wanted);
  };
  EXPECT_FALSE(unlike([](LineTerms&) {}));
  EXPECT_TRUE(unlike([](LineTerms& wanted) { wanted.protocol = types::RouteProtocol::lmtp; }));
  EXPECT_TRUE(unlike([](LineTerms& wanted) { wanted.opening = types::Opening::plain; }));
  EXPECT_TRUE(unlike([](LineTerms& wanted) { wanted.source = *types::IpAddress::parse("192.0.2.9"); }));
  EXPECT_TRUE(unlike([](LineTerms& wanted) { wanted.hello_name = "other.test"; }));
}

TEST(LineTerms, what_was_held_to_more_serves_what_asks_less_and_never_the_other_way) {
  types::Hop less = dane_hop();
  less.dane.reset();
  less.level = types::SecurityLevel::opportunistic;
  types::Hop more = less;
  more.level = types::SecurityLevel::encrypted;
  EXPECT_TRUE(serves(terms_for(more), terms_for(less)));
  EXPECT_FALSE(serves(terms_for(less), terms_for(more)));
}

/// Lines whose peers are the other ends of socket pairs.
struct Rig {
  explicit Rig(io::Executor executor, LineLimits limits = {}) : executor_(executor), lines(executor, clock, limits) {}
  ~Rig() {
    for (const int peer : peers) ::close(peer);
  }

  std::unique_ptr<Line> line() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peers.push_back(ends[1]);
    engine::smtp::ClientOptions options;
    options.hello_name = "out.test";
    options.tls = engine::smtp::TlsDemand::none;
    auto made = std::make_unique<Line>(wanted, io::Connection(io::Socket(executor_, ends[0])), options, clock.now());
    made->session.received("220 mx.test\r\n", clock.now());
    made->session.received("250 mx.test\r\n", clock.now());
    while (made->session.next()) continue;
    EXPECT_EQ(made->session.take_output(), "EHLO out.test\r\n");
    made->messages = 1;
    return made;
  }
  /// What the peer of the line made as the n-th has heard.
  std::string heard(std::size_t n) const {
    char buffer[256];
    const ssize_t got = ::recv(peers.at(n), buffer, sizeof buffer, MSG_DONTWAIT);
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : got == 0 ? "closed" : "nothing";
  }
  void say(std::size_t n, std::string_view text) const { EXPECT_EQ(::send(peers.at(n), text.data(), text.size(), 0), static_cast<ssize_t>(text.size())); }
  io::Task<> turn() { co_await boost::asio::post(executor_, boost::asio::use_awaitable_t<io::Executor>{}); }

  LineTerms wanted = [] {
    types::Hop hop;
    hop.addresses = {*types::IpAddress::parse("192.0.2.1")};
    return terms_for(hop);
  }();
  io::ManualClock clock{*parse_rfc3339("2026-11-24T12:00:00Z")};
  io::Executor executor_;
  Lines lines;
  std::vector<int> peers;
};

io::Task<> turns(Rig& rig) {
  for (int i = 0; i < 20; ++i) co_await rig.turn();
}

io::Task<> end_well(Rig& rig) {
  for (const int peer : rig.peers) ::shutdown(peer, SHUT_RDWR);
  co_await rig.lines.stop();
}

io::Task<> is_taken_once() {
  Rig rig(co_await io::this_executor());
  rig.lines.keep(rig.line());
  LineTerms other = rig.wanted;
  other.peer.port = types::Port{26};
  EXPECT_EQ(rig.lines.take(other), nullptr);
  auto line = rig.lines.take(rig.wanted);
  EXPECT_NE(line, nullptr);
  EXPECT_EQ(rig.lines.take(rig.wanted), nullptr);
  EXPECT_EQ(rig.heard(0), "nothing");
  line.reset();
  co_await end_well(rig);
}
TEST(Lines, one_that_rests_is_taken_once) { io::run_to_end(is_taken_once()); }

// RFC 5321 4.1.1.10: it ends with QUIT
io::Task<> ends_politely() {
  Rig rig(co_await io::this_executor());
  rig.lines.keep(rig.line());
  co_await turns(rig);
  rig.clock.advance(1999ms);
  co_await turns(rig);
  EXPECT_EQ(rig.heard(0), "nothing");
  rig.clock.advance(1ms);
  co_await turns(rig);
  EXPECT_EQ(rig.heard(0), "QUIT\r\n");
  EXPECT_EQ(rig.lines.resting(), 0U);
  rig.say(0, "221 bye\r\n");
  co_await rig.lines.stop();
  EXPECT_EQ(rig.heard(0), "closed");
}
TEST(Lines, one_that_rested_long_enough_ends_with_quit) { io::run_to_end(ends_politely()); }

io::Task<> stop_ends_all() {
  Rig rig(co_await io::this_executor());
  rig.lines.keep(rig.line());
  rig.lines.keep(rig.line());
  rig.say(0, "221 bye\r\n");
  rig.say(1, "221 bye\r\n");
  co_await rig.lines.stop();
  EXPECT_EQ(rig.heard(0), "QUIT\r\n");
  EXPECT_EQ(rig.heard(1), "QUIT\r\n");
}
TEST(Lines, a_stop_says_quit_on_every_line) { io::run_to_end(stop_ends_all()); }

io::Task<> noise(std::string said) {
  Rig rig(co_await io::this_executor());
  rig.lines.keep(rig.line());
  rig.lines.keep(rig.line());
  if (said.empty()) {
    ::shutdown(rig.peers[1], SHUT_RDWR);
  } else {
    rig.say(1, said);
  }
  auto line = rig.lines.take(rig.wanted);  // the last one laid down is looked at first
  EXPECT_NE(line, nullptr);
  EXPECT_EQ(rig.heard(0), "nothing") << "the quiet one is the one that was given";
  EXPECT_EQ(rig.heard(1), "closed") << "not a word to a peer that spoke unasked";
  EXPECT_EQ(rig.lines.resting(), 0U);
  line.reset();
  co_await end_well(rig);
}
TEST(Lines, one_whose_peer_spoke_unasked_is_never_given) {
  io::run_to_end(noise("421 4.4.2 idle too long\r\n"));
  io::run_to_end(noise("250 2.0.0 accepted already\r\n"));
  io::run_to_end(noise("2"));
}
TEST(Lines, one_whose_peer_has_gone_is_never_given) { io::run_to_end(noise("")); }

io::Task<> bounds() {
  LineLimits limits;
  limits.open = 2;
  limits.messages = 5;
  Rig rig(co_await io::this_executor(), limits);
  for (int i = 0; i < 3; ++i) rig.lines.keep(rig.line());
  co_await turns(rig);
  EXPECT_EQ(rig.lines.resting(), 2U);
  EXPECT_EQ(rig.heard(0), "QUIT\r\n") << "the one that rested longest gives way";
  auto line = rig.lines.take(rig.wanted);
  line->messages = 5;
  rig.lines.keep(std::move(line));
  co_await turns(rig);
  EXPECT_EQ(rig.heard(2), "QUIT\r\n") << "it has carried what one line may";
  co_await end_well(rig);
}
TEST(Lines, there_are_only_so_many_and_each_carries_only_so_much) { io::run_to_end(bounds()); }

io::Task<> nothing_kept() {
  LineLimits limits;
  limits.idle = 0ms;
  Rig rig(co_await io::this_executor(), limits);
  rig.lines.keep(rig.line());
  co_await turns(rig);
  EXPECT_EQ(rig.heard(0), "QUIT\r\n");
  EXPECT_EQ(rig.lines.take(rig.wanted), nullptr);
  co_await end_well(rig);
}
TEST(Lines, without_idle_time_nothing_is_kept) { io::run_to_end(nothing_kept()); }

}  // namespace
}  // namespace danewerk::service
