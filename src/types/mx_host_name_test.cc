#include "types/mx_host_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

namespace danewerk::types {
namespace {

/// Stands in for SHA-256 here: any function of the whole name that spreads does (io/tls/digest_test.cc has the real one).
std::array<std::uint8_t, 32> spread(std::string_view text) {
  std::seed_seq seed(text.begin(), text.end());
  std::array<std::uint32_t, 32> words{};
  seed.generate(words.begin(), words.end());
  std::array<std::uint8_t, 32> out{};
  std::copy(words.begin(), words.end(), out.begin());
  return out;
}

std::string label(std::string_view domain) { return mx_host_label(*DomainName::parse(domain), spread(domain)); }

// design.md 9.9
TEST(MxHostName, dots_become_hyphens) {
  EXPECT_EQ(label("contoso.com"), "contoso-com");
  EXPECT_EQ(label("Mail.CONTOSO.co.uk"), "mail-contoso-co-uk");
}

TEST(MxHostName, what_would_be_ambiguous_gets_a_digest) {
  const std::array<std::uint8_t, 32> zeros{};
  EXPECT_EQ(mx_host_label(*DomainName::parse("a-b.example"), zeros), "a-b-example-aaaaaaaaaaaaa");
  std::array<std::uint8_t, 32> ones{};
  ones.fill(0xff);
  EXPECT_EQ(mx_host_label(*DomainName::parse("ab-.c"), ones), "ab--c-7777777777777");
}

TEST(MxHostName, long_names_are_cut_and_fit_a_label) {
  const std::string longest = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  EXPECT_EQ(label(longest).size(), 63U);
  EXPECT_EQ(label(std::string(55, 'a') + ".example"), std::string(55, 'a') + "-example") << "63 octets fit";
  EXPECT_EQ(label(std::string(56, 'a') + ".example").substr(0, 50), std::string(49, 'a') + "-");
}

/// Few letters, dots and hyphens in few places: the domains most likely to be confused.
TEST(MxHostName, no_two_domains_share_a_host) {
  std::mt19937 random(20261123);
  std::map<std::string, std::string> owner;
  for (int i = 0; i < 200'000; ++i) {
    std::string domain;
    const std::size_t length = 3 + random() % 10;
    for (std::size_t at = 0; at < length; ++at) domain.push_back("ab.-"[random() % 4]);
    if (i % 7 == 0 && DomainName::parse(domain)) domain = label(domain);  // what looks as if it had a digest
    if (i % 7 == 1) domain = std::string(50, 'a') + domain + ".example";
    if (const std::size_t last = domain.rfind('-'); i % 14 == 0 && last != std::string::npos) domain[last] = '.';
    if (!DomainName::parse(domain)) continue;
    domain = DomainName::parse(domain)->to_string();
    const auto [at, fresh] = owner.emplace(label(domain), domain);
    EXPECT_TRUE(fresh || at->second == domain) << domain << " and " << at->second << " share " << at->first;
    EXPECT_LE(at->first.size(), 63U);
    EXPECT_TRUE(DomainName::parse(at->first).has_value());
  }
  EXPECT_GT(owner.size(), 10'000U);
}

TEST(MxHostName, a_label_that_looks_digested_gets_a_digest_of_its_own) {
  const std::string digested = label("a-b.example");  // a-b-example-xxxxxxxxxxxxx
  std::string imitation = digested;
  std::replace(imitation.begin(), imitation.end(), '-', '.');
  EXPECT_NE(label(imitation), digested);
}

TEST(MxHostName, a_shared_shard_has_one_host) {
  const DomainName domain = *DomainName::parse("a-b.example");
  const auto digest = spread(domain.text());
  MxPlan plan{*DomainName::parse("mx.hoster.example"), {1}, {Holding::shared}};
  EXPECT_EQ(mx_host(domain, digest, plan)->to_string(), "mx.s1.mx.hoster.example");
  plan.holdings = {Holding::explicit_hosts};
  EXPECT_EQ(*mx_host(domain, digest, plan), *mx_host(domain, digest, plan.shards, plan.zone));
  plan.holdings.clear();
  EXPECT_EQ(plan.holding_of(0), Holding::wildcard);
  EXPECT_EQ(*parse_holding("explicit"), Holding::explicit_hosts);
  EXPECT_FALSE(parse_holding("star"));
}

TEST(MxHostName, shards_are_stable_and_even) {
  std::map<std::string, int> count;
  for (int i = 0; i < 8000; ++i) ++count[shard_label(spread("d" + std::to_string(i) + ".example"), ShardPlan{8})];
  EXPECT_EQ(count.size(), 8U);
  for (const auto& [shard, domains] : count) EXPECT_NEAR(domains, 1000, 150) << shard;
  const auto zone = *DomainName::parse("mx.hoster.example");
  const auto digest = spread("contoso.com");
  EXPECT_EQ(mx_host(*DomainName::parse("contoso.com"), digest, ShardPlan{1}, zone)->to_string(), "contoso-com.s1.mx.hoster.example");
  const auto too_long = *DomainName::parse(std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." + std::string(60, 'd'));
  EXPECT_EQ(mx_host(*DomainName::parse("contoso.com"), digest, ShardPlan{1}, too_long).error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace danewerk::types
