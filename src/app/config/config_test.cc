#include <gtest/gtest.h>

#include "app/config/schema.h"

namespace danewerk::app {
namespace {

std::string fault_of(const std::string& text) {
  auto settings = read_settings(text);
  return settings ? "" : settings.error().what;
}

TEST(Config, defaults_need_only_a_name) {
  const auto settings = read_settings("[edge]\nhostname = 'mx1.example.net'\n");
  ASSERT_TRUE(settings) << settings.error().what;
  EXPECT_EQ(settings->edge.listen.size(), 2U);
  EXPECT_EQ(settings->delivery.policy_give_up_after, std::chrono::hours{24});
  EXPECT_EQ(settings->delivery.hostname.to_string(), "mx1.example.net");
  EXPECT_EQ(static_cast<std::uint64_t>(settings->edge.max_message), 50U << 20);
}

TEST(Config, what_describe_prints_can_be_read_back) {
  const std::string text = describe_settings();
  EXPECT_TRUE(fault_of(text).ends_with(": edge.hostname: give the name this host calls itself, like \"mx1.example.net\"")) << fault_of(text);
  for (const SchemaRow& row : schema()) EXPECT_TRUE(row.explanation.ends_with('.')) << row.key;
}

TEST(Config, names_line_and_remedy) {
  EXPECT_EQ(fault_of("[edge]\nlistn = []\n"), "line 2: there is no setting 'edge.listn'; did you mean 'edge.listen'?");
  EXPECT_NE(fault_of("[edge]\nlisten = ['1.2.3.4']\n").find("line 2: edge.listen: '1.2.3.4' is not an address with port"), std::string::npos);
  EXPECT_NE(fault_of("[resolver]\ndeadline = '10'\n").find("\"15 min\""), std::string::npos);
  EXPECT_NE(fault_of("[edge]\nmax_message = true\n").find("a size in quotes"), std::string::npos);
  EXPECT_NE(fault_of("[edge\n").find("line 1"), std::string::npos);
  EXPECT_NE(fault_of("[server]\nlog_style = 'xml'\nreactors = -1\n").find("\nline 3"), std::string::npos);
}

TEST(Config, secondaries) {
  const std::string zone = "[edge]\nhostname = 'mx1.example.net'\n[zone]\nname = 'mx.example.net'\nname_servers = ['ns1.example.net=192.0.2.1']\n"
                           "mx_addresses = ['192.0.2.1']\n";
  const auto settings = read_settings(zone + "[[zone.secondary]]\naddress = '192.0.2.54:53'\nkey_file = '/etc/danewerk/transfer.tsig'\n");
  ASSERT_TRUE(settings) << settings.error().what;
  ASSERT_EQ(settings->zone.secondaries.size(), 1U);
  EXPECT_EQ(settings->zone.secondaries[0].address.to_string(), "192.0.2.54:53");
  EXPECT_NE(fault_of(zone + "[[zone.secondary]]\nkey_file = 'x'\n").find("needs its address"), std::string::npos);
  EXPECT_NE(fault_of(zone + "[[zone.secondary]]\naddress = '192.0.2.54:53'\nnotify = 'x'\n").find("has no 'notify'"), std::string::npos);
  EXPECT_NE(fault_of(zone + "servers = ['192.0.2.1:53']\nalgorithm = 'rsamd5'\n").find("ecdsap256sha256"), std::string::npos);
  EXPECT_NE(fault_of(zone + "servers = ['192.0.2.1:53']\nsignature_refresh = '20 d'\n").find("before they end"), std::string::npos);
  EXPECT_NE(fault_of(zone + "mode = 'external'\n[[zone.secondary]]\naddress = '192.0.2.54:53'\n").find("zone.servers"), std::string::npos);
}

const std::string named = "[edge]\nhostname = 'mx1.example.net'\n";

TEST(Config, source_pools) {
  const auto settings = read_settings(named + "[[delivery.pool]]\nname = 'default'\n"
                                              "addresses = ['192.0.2.9=out9.example.net', '2001:db8::9=out9.example.net']\n"
                                              "[[delivery.pool]]\nname = 'bulk'\naddresses = ['192.0.2.10=bulk.example.net']\n");
  ASSERT_TRUE(settings) << settings.error().what;
  ASSERT_EQ(settings->delivery.pools.size(), 2U);
  EXPECT_EQ(settings->delivery.pools[0].addresses.size(), 2U);
  EXPECT_EQ(settings->delivery.pools[1].name, "bulk");
  EXPECT_EQ(settings->delivery.pools[1].addresses[0].name.to_string(), "bulk.example.net");
}

TEST(Config, a_bad_pool_is_named_with_its_line) {
  const std::string pool = named + "[[delivery.pool]]\n";
  EXPECT_NE(fault_of(pool + "addresses = ['192.0.2.9=a.b']\n").find("line 3: give the pool a name"), std::string::npos);
  EXPECT_NE(fault_of(pool + "name = 'x'\n").find("line 3: pool 'x' needs addresses"), std::string::npos);
  EXPECT_NE(fault_of(pool + "name = 'x'\naddresses = ['192.0.2.9']\n").find("line 5: addresses: '192.0.2.9': write"), std::string::npos);
  EXPECT_NE(fault_of(pool + "name = 'x'\nadresses = []\n").find("line 5: a pool has no 'adresses'"), std::string::npos);
  const std::string twice = pool + "name = 'x'\naddresses = ['192.0.2.9=a.b']\n[[delivery.pool]]\nname = 'x'\naddresses = ['192.0.2.8=a.b']\n";
  EXPECT_NE(fault_of(twice).find("line 6: pool 'x' is there twice"), std::string::npos);
  EXPECT_NE(fault_of(named + "[delivery]\npool = ['192.0.2.9']\n").find("expected tables: [[delivery.pool]]"), std::string::npos);
  EXPECT_NE(fault_of(named + "[delivery]\nmessages_per_connection = 0\n").find("carries at least 1"), std::string::npos);
}

TEST(Config, how_shards_are_held) {
  const std::string zone = named + "[zone]\nname = 'mx.example.net'\nname_servers = ['ns1.mx.example.net=192.0.2.53']\nservers = ['192.0.2.53:53']\n"
                                   "mx_addresses = ['192.0.2.25']\nshards = 3\n";
  const auto settings = read_settings(zone + "holding = 'shared'\nholding_by_shard = ['s3=explicit', 's1=wildcard']\n");
  ASSERT_TRUE(settings) << settings.error().what;
  const std::vector<types::Holding> wanted{types::Holding::wildcard, types::Holding::shared, types::Holding::explicit_hosts};
  EXPECT_EQ(settings->zone.mx_plan().holdings, wanted);
  EXPECT_NE(fault_of(zone + "holding_by_shard = ['s4=explicit']\n").find("there is no shard s4 among 3"), std::string::npos);
  for (const char* bad : {"", "=", "s", "s=explicit", "s0=explicit", "3=explicit", "s3", "s3x=explicit", "s70000=explicit", "s3=often"}) {
    EXPECT_NE(fault_of(zone + "holding_by_shard = ['" + bad + "']\n"), "") << bad;
  }
}

TEST(Config, groups_of_shards_with_keys_of_their_own) {
  const std::string zone = named + "[zone]\nname = 'mx.example.net'\nname_servers = ['ns1.mx.example.net=192.0.2.53']\nservers = ['192.0.2.53:53']\n"
                                   "mx_addresses = ['192.0.2.25']\nshards = 9\n";
  const auto settings = read_settings(zone + "key_groups = ['pilot=s1', 'bank=s9,s3-s5']\n");
  ASSERT_TRUE(settings) << settings.error().what;
  const std::vector<zone::KeyGroup> wanted{{"", {1, 5, 6, 7}}, {"pilot", {0}}, {"bank", {2, 3, 4, 8}}};
  EXPECT_EQ(settings->zone.groups(), wanted);
  EXPECT_TRUE(read_settings(zone)->zone.groups().size() == 1);
  const auto fault = [&zone](const std::string& groups) { return fault_of(zone + "key_groups = [" + groups + "]\n"); };
  EXPECT_NE(fault("'a=s1', 'b=s1'").find("zone.key_groups: shard s1 is in 'a' and in 'b'"), std::string::npos);
  EXPECT_NE(fault("'a=s1,s1'").find("shard s1 is in 'a' and in 'a'"), std::string::npos);
  EXPECT_NE(fault("'a=s1', 'a=s2'").find("the group 'a' is there twice"), std::string::npos);
  EXPECT_NE(fault("'a=s10'").find("there is no shard s10 among 9"), std::string::npos);
  EXPECT_NE(fault("'a=s1-s9'").find("leave a shard to the default group"), std::string::npos);
  EXPECT_NE(fault("'default=s1'").find("all shards that no other group names"), std::string::npos);
  std::string many;
  for (int i = 0; i < 17; ++i) many += (i ? ", 'g" : "'g") + std::to_string(i) + "=s1'";
  EXPECT_NE(fault(many).find("at most 16 groups, not 17"), std::string::npos);
  for (const char* bad : {"", "=", "pilot", "=s1", "pilot=", "pilot=1", "pilot=s0", "pilot=s01", "pilot=s1,", "pilot=s3-s1",
                          "Pilot=s1", "p p=s1", "pilot-=s1", "1=s1"}) {
    EXPECT_NE(fault(std::string("'") + bad + "'"), "") << bad;
  }
}

TEST(Config, what_would_do_harm_is_refused_with_its_line) {
  const auto fault = [](const std::string& more) { return fault_of(named + more); };  // `named` is two lines
  EXPECT_EQ(fault("max_message = '0 MiB'\n"), "line 3: edge.max_message: at least 64 KiB, which every server takes (RFC 5321 4.5.3.1.7)");
  EXPECT_NE(fault("max_recipients = 99\n").find("line 3: edge.max_recipients"), std::string::npos);
  EXPECT_NE(fault("max_connections = 0\n").find("line 3: edge.max_connections"), std::string::npos);
  EXPECT_NE(fault("[delivery]\nfirst_retry = '0 s'\n").find("line 4: delivery.first_retry: at least \"100 ms\""), std::string::npos);
  EXPECT_NE(fault("[delivery]\nmax_retry = '1 min'\n").find("line 4: delivery.max_retry"), std::string::npos);
  EXPECT_NE(fault("[delivery]\npolicy_give_up_after = '15 min'\n").find("line 4: delivery.policy_give_up_after"), std::string::npos);
  EXPECT_NE(fault("[delivery]\nsource_addresses = ['192.0.2.1', '192.0.2.2']\n").find("line 4: delivery.source_addresses"), std::string::npos);
  EXPECT_EQ(fault("[delivery]\nsource_addresses = ['192.0.2.1', '2001:db8::1']\n"), "");
  EXPECT_NE(fault("[zone]\nkey_life = '0 s'\n").find("line 4: zone.key_life"), std::string::npos);
  EXPECT_NE(fault("[submission]\nlisten = ['192.0.2.1:587']\nnetworks = ['::/0']\n").find("line 5: submission.networks: ::/0 is everybody"), std::string::npos);
  EXPECT_NE(fault("[submission]\nlisten = ['0.0.0.0:25']\n").find("line 4: submission.listen: 0.0.0.0:25 is an address of edge.listen too"), std::string::npos);
  EXPECT_NE(fault("listen = ['[::]:25', '[::]:25']\n").find("line 3: edge.listen: [::]:25 is there twice"), std::string::npos);
  for (const char* of_the_system : {"/", "//", "/etc", "/etc/", "/var/lib"}) {
    EXPECT_NE(fault("[server]\nstate_directory = '" + std::string(of_the_system) + "'\n").find("line 4: server.state_directory"), std::string::npos);
  }
  EXPECT_EQ(fault("[server]\nstate_directory = '/srv/danewerk/'\n"), "");
}

TEST(Config, a_contradiction_is_named_with_its_line) {
  EXPECT_NE(fault_of(named + "[resolver]\naddress = '192.0.2.1:53'\n").find("line 4: resolver.address: 192.0.2.1:53 is not a loopback"), std::string::npos);
  const std::string zone = named + "[zone]\nname = 'mx.example.net'\nservers = ['192.0.2.1:53']\nname_servers = ['ns1.mx.example.net=192.0.2.1']\n";
  EXPECT_NE(fault_of(zone + "mx_addresses = ['0.0.0.0']\n").find("line 7: zone.mx_addresses: 0.0.0.0 is no host's address"), std::string::npos);
}

// RES-05: an answer's AD bit counts only over loopback.
TEST(Config, a_resolver_beyond_loopback_is_refused) {
  EXPECT_NE(fault_of("[edge]\nhostname='a.b'\n[resolver]\naddress='192.0.2.1:53'\n").find("not a loopback"), std::string::npos);
}

}  // namespace
}  // namespace danewerk::app
