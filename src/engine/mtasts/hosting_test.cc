// A policy from its first day to its last: what is served, what is announced, and when.
#include "engine/mtasts/hosting.h"

#include <gtest/gtest.h>

#include "engine/mtasts/policy_text.h"

namespace danewerk::mtasts {
namespace {

using namespace types;
using std::chrono::hours;
using std::chrono::seconds;

const Instant start{hours{497'000}};
DomainName name(std::string_view text) { return *DomainName::parse(text); }
StsMxPattern pattern(std::string_view text) { return *StsMxPattern::parse(text); }
const std::vector<StsMxPattern> own{pattern("contoso-example.s1.mx.hoster.example")};
const DomainName own_host = name("contoso-example.s1.mx.hoster.example");
const DomainName old_host = name("mx.old.example");

HostedPolicy hosted_policy(StsPolicyMode mode = StsPolicyMode::testing) {
  HostedPolicy out;
  out.domain = name("contoso.example");
  out.asked_at = start;
  out.mode = mode;
  out.max_age = hours(24 * 7);
  return out;
}

/// Everything as it should be, but for what has to be announced.
HostingSight well(const HostedPolicy& hosted, std::vector<DomainName> mx = {own_host}) {
  HostingSight out;
  out.leads = HostingSight::Leads::here;
  out.has_certificate = true;
  if (!hosted.versions.empty()) out.shown = hosted.versions.back().policy;
  out.mx = std::move(mx);
  out.mx_ttl = Ttl{7200};
  return out;
}

HostedPolicy live(HostedPolicy hosted, Instant now) {
  hosted = note(hosted, well(hosted), own, now);
  hosted = note(hosted, well(hosted), own, now);
  hosted.versions.back().announced = now;
  return hosted;
}

// RFC 8461 3.2: what we write we must be able to read.
TEST(Hosting, writes_what_senders_read) {
  StsPolicy policy{StsPolicyMode::enforce, {pattern("*.mx.example"), pattern("a.example")}, hours(24)};
  const auto read = parse_policy(text_of(policy));
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(*read, policy);
  EXPECT_EQ(record_of("20261127"), "v=STSv1; id=20261127;");
}

// STS-P1, RFC 8461 8.1
TEST(Hosting, announces_an_id_only_after_its_text_was_fetched) {
  HostedPolicy hosted = hosted_policy();
  HostingSight sight;
  sight.leads = HostingSight::Leads::elsewhere;
  hosted = note(hosted, sight, own, start);
  EXPECT_EQ(next_step(hosted, sight, {}, start).act, HostingAct::rest);
  sight.leads = HostingSight::Leads::here;
  EXPECT_EQ(next_step(hosted, sight, {}, start).act, HostingAct::certify);
  sight.has_certificate = true;
  EXPECT_EQ(next_step(hosted, sight, {}, start).act, HostingAct::rest) << "nobody has seen it";
  sight = well(hosted);
  hosted = note(hosted, sight, own, start);
  EXPECT_EQ(next_step(hosted, sight, {}, start).act, HostingAct::announce);
  hosted.versions.back().announced = start;
  EXPECT_FALSE(next_step(hosted, sight, {}, start).settled) << "the owner's record is missing";
  sight.id_shown = hosted.versions.back().id;
  EXPECT_TRUE(next_step(hosted, sight, {}, start).settled);
}

TEST(Hosting, a_new_text_is_announced_only_after_it_was_fetched_in_place_of_the_old) {
  HostedPolicy hosted = live(hosted_policy(), start);
  const StsPolicy before = hosted.versions.back().policy;
  hosted.mode = StsPolicyMode::enforce;
  HostingSight sight = well(hosted);
  sight.shown = before;  // some other machine still answers
  hosted = note(hosted, sight, own, start + hours(1));
  ASSERT_EQ(hosted.versions.size(), 2U);
  EXPECT_NE(hosted.versions[0].id, hosted.versions[1].id);
  EXPECT_EQ(next_step(hosted, sight, {}, start + hours(1)).act, HostingAct::rest);
  sight = well(hosted);
  hosted = note(hosted, sight, own, start + hours(1));
  EXPECT_EQ(next_step(hosted, sight, {}, start + hours(1)).act, HostingAct::announce);
}

TEST(Hosting, two_changes_in_one_millisecond_have_two_ids) {
  HostedPolicy hosted = live(hosted_policy(), start);
  hosted.mode = StsPolicyMode::enforce;
  hosted = note(hosted, well(hosted), own, start);
  hosted.mode = StsPolicyMode::testing;
  hosted = note(hosted, well(hosted), own, start);
  ASSERT_EQ(hosted.versions.size(), 3U);
  EXPECT_LT(hosted.versions[0].id, hosted.versions[1].id);
  EXPECT_LT(hosted.versions[1].id, hosted.versions[2].id);
}

// STS-P2, STS-P5
TEST(Hosting, a_host_stays_named_while_a_cache_may_lead_to_it) {
  HostedPolicy hosted = hosted_policy(StsPolicyMode::enforce);
  hosted.also = {pattern("mx.old.example")};
  hosted = note(hosted, well(hosted, {own_host, old_host}), own, start);
  hosted.also.clear();
  hosted = note(hosted, well(hosted, {own_host, old_host}), own, start + hours(1));
  EXPECT_TRUE(hosted.versions.back().policy.names(old_host)) << "the MX still names it";
  hosted = note(hosted, well(hosted), own, start + hours(2));
  EXPECT_TRUE(hosted.versions.back().policy.names(old_host)) << "a cache may hold the MX for two hours from the last look";
  HostingSight blind = well(hosted);
  blind.mx.reset();
  hosted = note(hosted, blind, own, start + hours(3) - seconds(1));
  EXPECT_TRUE(hosted.versions.back().policy.names(old_host));
  hosted = note(hosted, well(hosted), own, start + hours(3));
  EXPECT_FALSE(hosted.versions.back().policy.names(old_host));
  EXPECT_TRUE(hosted.versions.back().policy.names(own_host));
}

// STS-P3, RFC 8461 8.3
TEST(Hosting, leaves_only_when_every_text_ever_served_has_run_out) {
  HostedPolicy hosted = hosted_policy(StsPolicyMode::enforce);
  hosted.max_age = hours(24 * 30);
  hosted = live(hosted, start);
  hosted.max_age = hours(24);
  hosted = live(hosted, start + hours(1));  // the first text may be held until 30 days after this
  const Instant leaving = start + hours(2);
  hosted.withdrawn = leaving;
  hosted = note(hosted, well(hosted), own, leaving);
  EXPECT_EQ(hosted.versions.back().policy.mode, StsPolicyMode::none);
  EXPECT_EQ(hosted.versions.back().policy.max_age, leaving_max_age);
  EXPECT_EQ(next_step(hosted, {}, {}, leaving).act, HostingAct::announce);
  hosted.versions.back().announced = leaving;
  const Instant gone = start + hours(1 + 24 * 30);
  EXPECT_EQ(next_step(hosted, {}, {}, gone - seconds(1)).act, HostingAct::rest);
  EXPECT_EQ(next_step(hosted, {}, {}, gone - seconds(1)).when, gone);
  hosted = note(hosted, {}, own, gone);
  EXPECT_EQ(next_step(hosted, {}, {}, gone).act, HostingAct::unannounce);
  hosted.record_removed = gone;
  EXPECT_EQ(next_step(hosted, {}, {}, gone + seconds(299)).act, HostingAct::rest);
  EXPECT_EQ(next_step(hosted, {}, {}, gone + seconds(300)).act, HostingAct::forget);
}

TEST(Hosting, what_is_left_without_a_server_is_counted) {
  EXPECT_EQ(describe_held({}, start), "");
  std::vector<HostedPolicy> hosted;
  for (const char* domain : {"a.example", "b.example", "c.example", "d.example"}) {
    HostedPolicy one = hosted_policy(domain[0] == 'b' ? StsPolicyMode::enforce : StsPolicyMode::testing);
    one.domain = name(domain);
    hosted.push_back(note(one, {}, own, start));
  }
  const Instant later = start + hours(24);
  EXPECT_EQ(describe_held({hosted[1]}, later), "MTA-STS policies are hosted for 1 domain (b.example), 1 in mode enforce; senders may hold them until " +
                                                   to_rfc3339(std::chrono::floor<seconds>(later + hours(24 * 7))));
  EXPECT_NE(describe_held(hosted, later).find("4 domains (a.example, b.example, c.example, ...), 1 in mode enforce"), std::string::npos);
}

TEST(Hosting, what_nobody_ever_saw_goes_at_once) {
  HostedPolicy hosted = note(hosted_policy(), {}, own, start);
  hosted.withdrawn = start;
  hosted = note(hosted, {}, own, start);
  EXPECT_EQ(next_step(hosted, {}, {}, start).act, HostingAct::unannounce);
}

TEST(Hosting, asking_again_while_leaving_takes_it_back) {
  HostedPolicy hosted = live(hosted_policy(), start);
  hosted.withdrawn = start + hours(1);
  hosted = note(hosted, well(hosted), own, start + hours(1));
  hosted.withdrawn.reset();
  hosted = note(hosted, well(hosted), own, start + hours(2));
  EXPECT_EQ(hosted.versions.back().policy.mode, StsPolicyMode::testing);
  EXPECT_EQ(hosted.versions.size(), 3U);
}

// STS-P4, STS-P5
TEST(Hosting, enforce_needs_a_public_certificate_and_every_mx_named) {
  const HostedPolicy hosted = note(hosted_policy(StsPolicyMode::enforce), {}, own, start);
  const StsPolicy wanted = hosted.versions.back().policy;
  EXPECT_EQ(enforce_obstacle(wanted, well(hosted)), std::nullopt);
  EXPECT_NE(enforce_obstacle(wanted, well(hosted, {own_host, old_host}))->find("mx.old.example"), std::string::npos);
  HostingSight blind = well(hosted);
  blind.mx.reset();
  EXPECT_TRUE(enforce_obstacle(wanted, blind).has_value());
  HostingSight own_certificate = well(hosted);
  own_certificate.enforce_fault = "self-signed certificate";
  EXPECT_NE(enforce_obstacle(wanted, own_certificate)->find("self-signed"), std::string::npos);
  const auto findings = findings_of(hosted, own_certificate);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings.front().severity, Severity::error);
}

}  // namespace
}  // namespace danewerk::mtasts
