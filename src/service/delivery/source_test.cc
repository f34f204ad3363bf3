// From where and by which name mail sets out: the choice by itself, and what a host sees of it.
#include "service/delivery/source.h"

#include "service/delivery/test_world.h"

namespace danewerk::service::test {
namespace {

using types::RecipientState;

SourceAddress source(const std::string& address, const std::string& name) { return {*types::IpAddress::parse(address), name}; }

SourcePool many() {
  SourcePool pool{"default", {}};
  for (int i = 0; i < 8; ++i) pool.addresses.push_back(source("192.0.2." + std::to_string(i), "out" + std::to_string(i) + ".test"));
  pool.addresses.push_back(source("2001:db8::1", "out6.test"));
  return pool;
}

TEST(Source, a_tenant_keeps_its_address_and_tenants_are_spread) {
  const SourcePool pool = many();
  std::map<std::string, int> used;
  for (int i = 0; i < 800; ++i) {
    const std::string tenant = "tenant" + std::to_string(i);
    const auto first = address_for(pool, tenant, types::IpAddress::Family::v4);
    EXPECT_EQ(first, address_for(pool, tenant, types::IpAddress::Family::v4));
    ++used[first->hello_name];
  }
  EXPECT_EQ(used.size(), 8U);
  for (const auto& [name, count] : used) EXPECT_TRUE(count > 60 && count < 140) << name << " " << count;
  EXPECT_EQ(address_for(pool, "any", types::IpAddress::Family::v6)->hello_name, "out6.test");
}

TEST(Source, the_choice_is_the_same_in_every_release) {
  EXPECT_EQ(address_for(many(), "contoso", types::IpAddress::Family::v4)->hello_name, "out4.test");
  EXPECT_EQ(address_for(many(), "fabrikam", types::IpAddress::Family::v4)->hello_name, "out3.test");
}

TEST(Source, a_new_address_moves_only_those_it_takes) {
  const SourcePool before = many();
  SourcePool after = before;
  after.addresses.push_back(source("192.0.2.99", "new.test"));
  for (int i = 0; i < 200; ++i) {
    const std::string tenant = "tenant" + std::to_string(i);
    const auto now = address_for(after, tenant, types::IpAddress::Family::v4);
    EXPECT_TRUE(now->hello_name == "new.test" || now == address_for(before, tenant, types::IpAddress::Family::v4)) << tenant;
  }
}

struct Sent {
  std::optional<types::QueueDetail> detail;
  std::string clear;
};

io::Task<> send(World& world, Sent& sent) {
  TestServer server(co_await io::this_executor(), "127.0.0.1:0", nullptr);
  server.start();
  world.knows("mx.test A secure 127.0.0.1\nmx.test AAAA secure ::1\n");
  types::NewMessage message = message_to("[mx.test]:" + server.port());
  sent.detail = co_await one_round(world, std::move(message));
  sent.clear = server.clear;
  co_await server.stop();
}

Sent send_from(std::vector<SourcePool> pools) {
  World world;
  world.parts->manners.pools = std::move(pools);
  Sent sent;
  io::run_to_end(send(world, sent));
  return sent;
}

// RFC 5321 4.1.4, 5.1: nobody answers at the IPv6 address; the round goes on with IPv4
TEST(Source, the_other_family_is_tried_in_the_same_round) {
  const Sent sent = send_from({});
  EXPECT_EQ(sent.detail->recipients[0].state, RecipientState::delivered);
  ASSERT_EQ(sent.detail->attempts.size(), 2U);
  EXPECT_TRUE(evidence(sent.detail->attempts[0])["peer"].text().starts_with("[::1]"));
  EXPECT_EQ(evidence(sent.detail->attempts[0])["end"], "not_connected");
}

TEST(Source, a_pool_gives_address_and_name) {
  const Sent sent = send_from({{"default", {source("127.0.0.7", "out7.test"), source("::1", "out6.test")}}});
  EXPECT_EQ(sent.detail->recipients[0].state, RecipientState::delivered);
  EXPECT_TRUE(sent.clear.starts_with("EHLO out7.test\r\n")) << sent.clear;
}

TEST(Source, a_family_the_pool_lacks_is_passed_over) {
  const Sent sent = send_from({{"default", {source("127.0.0.7", "out7.test")}}});
  EXPECT_EQ(sent.detail->recipients[0].state, RecipientState::delivered);
  const auto json = evidence(sent.detail->attempts.at(0));
  EXPECT_EQ(json["end"], "local_fault");
  EXPECT_NE(json["detail"].text().find("source pool 'default' has no address to reach ::1 from"), std::string::npos) << json;
}

// design.md 9.8: an address that is not this machine's is our fault, and counts toward no limit
TEST(Source, an_address_we_do_not_have_is_our_own_fault) {
  const Sent sent = send_from({{"default", {source("192.0.2.77", "out77.test")}}});
  EXPECT_EQ(sent.detail->recipients[0].state, RecipientState::waiting);
  EXPECT_EQ(evidence(sent.detail->recipients[0])["fault"]["kind"], "ours") << sent.detail->recipients[0].sentence;
  EXPECT_NE(sent.detail->recipients[0].sentence.find("source pool"), std::string::npos) << sent.detail->recipients[0].sentence;
  EXPECT_NE(sent.detail->attempts.at(1).evidence.find("send from 192.0.2.77"), std::string::npos);
  EXPECT_EQ(sent.clear, "");
}

}  // namespace
}  // namespace danewerk::service::test
