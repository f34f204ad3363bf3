#include <gtest/gtest.h>

#include <sys/socket.h>

#include "io/net/dialer.h"
#include "io/net/listener.h"
#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"

namespace danewerk::io {
namespace {

using namespace std::chrono_literals;

types::Endpoint loopback(const char* text) { return *types::Endpoint::parse(text); }

Task<> accept_one(Listener& listener, std::optional<Accepted>& into) {
  auto accepted = co_await listener.accept();
  if (accepted) into.emplace(*std::move(accepted));
}

Task<> connects_over(const char* address) {
  auto listener = Listener::open(co_await this_executor(), loopback(address));
  EXPECT_TRUE(listener.has_value());
  TaskGroup group(co_await this_executor(), "test");
  std::optional<Accepted> accepted;
  group.spawn("accept", accept_one(*listener, accepted));
  auto dialed = co_await dial(listener->local(), std::nullopt, 5s);
  EXPECT_TRUE(dialed.has_value());
  co_await group.join();
  EXPECT_EQ(dialed->local, accepted->peer);
  EXPECT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->local, listener->local());
  EXPECT_EQ(send(dialed->socket.descriptor(), "x", 1, 0), 1);
  accepted->socket.expires_after(5s);
  EXPECT_TRUE((co_await accepted->socket.readable()).has_value());
}

TEST(Dialer, reaches_a_listener_over_both_families) {
  run_to_end(connects_over("127.0.0.1:0"));
  run_to_end(connects_over("[::1]:0"));
}

Task<> two_on_one_address() {
  auto first = Listener::open(co_await this_executor(), loopback("127.0.0.1:0"));
  EXPECT_TRUE(first.has_value());
  const auto taken = Listener::check_free(first->local());
  EXPECT_FALSE(taken.has_value());
  if (!taken) {
    EXPECT_EQ(taken.error().kind, ErrorKind::conflict) << taken.error().what;
  }
  EXPECT_TRUE(Listener::open(co_await this_executor(), first->local()).has_value());  // another reactor's
  first->close();
  EXPECT_TRUE(Listener::check_free(first->local()).has_value());
}

// Sharing an address is for our own reactors: a second program of ours would get a part of the first one's connections.
TEST(Listener, an_address_that_somebody_listens_on_is_not_free) { run_to_end(two_on_one_address()); }

Task<> from_a_foreign_source() {
  auto listener = Listener::open(co_await this_executor(), loopback("127.0.0.1:0"));
  const auto ours = *types::IpAddress::parse("127.0.0.9");
  auto dialed = co_await dial(listener->local(), ours, 5s);
  EXPECT_TRUE(dialed.has_value());
  if (dialed) {
    EXPECT_EQ(dialed->local.address, ours);
  }
  const auto foreign = *types::IpAddress::parse("192.0.2.7");
  auto refused = co_await dial(listener->local(), foreign, 5s);
  EXPECT_FALSE(refused.has_value());
  if (!refused) {
    EXPECT_EQ(refused.error().kind, ErrorKind::denied) << refused.error().what;
  }
}

// A source that is no address of ours is our fault, told apart from anything the peer does.
TEST(Dialer, a_source_that_is_not_ours_is_denied) { run_to_end(from_a_foreign_source()); }

Task<> nobody_listens() {
  types::Endpoint closed;
  {
    auto listener = Listener::open(co_await this_executor(), loopback("127.0.0.1:0"));
    closed = listener->local();
  }
  auto socket = co_await dial(closed, std::nullopt, 5s);
  EXPECT_EQ(socket.error().kind, ErrorKind::refused);
  EXPECT_NE(socket.error().what.find(closed.to_string()), std::string::npos);
}

TEST(Dialer, names_the_endpoint_that_refused) { run_to_end(nobody_listens()); }

Task<> silence() {
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  Socket ours(co_await this_executor(), pair[0]);
  Socket theirs(co_await this_executor(), pair[1]);
  ours.expires_after(2ms);
  EXPECT_EQ((co_await ours.readable()).error().kind, ErrorKind::timeout);
  EXPECT_EQ((co_await ours.readable()).error().kind, ErrorKind::timeout);
  ours.expires_after(1h);
  ours.expires_after(3ms);
  EXPECT_EQ((co_await ours.readable()).error().kind, ErrorKind::timeout);
}

TEST(Socket, a_silent_peer_meets_the_deadline) { run_to_end(silence()); }

TEST(AddressFilter, only_public_unicast_unless_opened) {
  const AddressFilter closed({});
  for (auto address : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1",
                       "fd77::1", "::ffff:10.0.0.1", "ff02::1", "192.168.1.1", "172.31.0.1", "::"}) {
    EXPECT_FALSE(closed.allows(*types::IpAddress::parse(address))) << address;
  }
  for (auto address : {"8.8.8.8", "172.32.0.1", "2606:4700::1111"}) {
    EXPECT_TRUE(closed.allows(*types::IpAddress::parse(address))) << address;
  }
  const AddressFilter lab({*types::Network::parse("10.77.0.0/24")});
  EXPECT_TRUE(lab.allows(*types::IpAddress::parse("10.77.0.20")));
  EXPECT_FALSE(lab.allows(*types::IpAddress::parse("10.78.0.20")));
}

}  // namespace
}  // namespace danewerk::io
