// RFC 8461: the texts as they are found, and the cache through its life.
#include <gtest/gtest.h>

#include "engine/mtasts/cache.h"

namespace danewerk::mtasts {
namespace {

using namespace types;
using std::chrono::hours;
using std::chrono::minutes;

const Instant start{hours{490'000}};
DomainName name(std::string_view text) { return *DomainName::parse(text); }

Lookup txt(std::vector<std::vector<std::string>> records) {
  DnsAnswer answer{{name("_mta-sts.example.com"), RecordType::txt}, Existence::records, {}, {}};
  for (auto& strings : records) answer.records.emplace_back(TxtRecord{std::move(strings)});
  return Secured<DnsAnswer>{std::move(answer), DnssecStatus::insecure, Ttl{300}, start, {}};
}

// STS-01, STS-02, RFC 8461 3.1
TEST(Record, one_valid_record_gives_the_id) {
  for (const auto& good : std::vector<std::vector<std::string>>{{"v=STSv1; id=20160831085700Z;"},
                                                                {"v=STSv1;id=20160831085700Z"},
                                                                {"v=STSv1; id=2016", "0831085700Z;"},
                                                                {"v=STSv1; future=x/y:z; id=20160831085700Z; id=other"}}) {
    EXPECT_EQ(read_record(txt({good})).id, "20160831085700Z") << good.front();
  }
  EXPECT_EQ(read_record(txt({{"v=spf1 -all"}, {"v=STSv1; id=1"}, {"v=STSv2; id=2"}})).id, "1");  // strangers do not count
}

TEST(Record, anything_else_is_no_policy_now) {
  const auto note = [](std::vector<std::vector<std::string>> records) { return read_record(txt(std::move(records))).note; };
  EXPECT_EQ(note({}), "no record");
  EXPECT_EQ(note({{"V=STSv1; id=1"}, {" v=STSv1; id=1"}, {"v=STSv1"}}), "no record");
  EXPECT_EQ(note({{"v=STSv1; id=1"}, {"v=STSv1; id=1"}}), "2 records, where one must be");
  EXPECT_EQ(note({{"v=STSv1; id="}}), "the id '' is not 1 to 32 letters and digits");
  EXPECT_EQ(note({{"v=STSv1; id=2026-11-24"}}), "the id '2026-11-24' is not 1 to 32 letters and digits");
  EXPECT_EQ(note({{"v=STSv1; id=" + std::string(33, '1')}}), "the id '" + std::string(33, '1') + "' is not 1 to 32 letters and digits");
  EXPECT_EQ(note({{"v=STSv1; nonsense"}}), "the record holds 'nonsense', which is no field");
  EXPECT_EQ(note({{"v=STSv1; ID=1"}}), "the record has no id");
  EXPECT_FALSE(read_record(txt({})).fault);  // nothing was announced
  EXPECT_EQ(read_record(txt({{"v=STSv1;"}})).fault->failure, TlsFailure::sts_policy_invalid);
  const RecordReading failed = read_record(Failure{LookupError{LookupErrorKind::timeout, "", start, {}}});
  EXPECT_FALSE(failed.id);
  EXPECT_EQ(failed.fault->failure, TlsFailure::sts_policy_fetch_error);
}

TEST(Names, of_record_and_host) {
  EXPECT_EQ(record_name(name("example.com"))->to_string(), "_mta-sts.example.com");
  EXPECT_EQ(policy_host(name("example.com"))->to_string(), "mta-sts.example.com");
  const std::string longest = std::string(61, 'a') + "." + std::string(61, 'b') + "." + std::string(61, 'c') + "." + std::string(61, 'd');
  EXPECT_FALSE(record_name(name(longest)));  // 255 octets and more: no record can be there
}

// STS-04, RFC 8461 3.2
TEST(Policy, as_the_standard_shows_it) {
  for (const char* line_end : {"\n", "\r\n"}) {
    std::string body;
    for (const char* line : {"version: STSv1", "mode: enforce", "mx: Mail.Example.com", "mx:*.example.net  ", "", "future.field: 1", "mode: none",
                             "max_age: 604800"}) {
      body += std::string(line) + line_end;
    }
    const auto policy = parse_policy(body);
    ASSERT_TRUE(policy) << policy.error().what;
    EXPECT_EQ(policy->mode, StsPolicyMode::enforce);  // STS-02: the first counts
    EXPECT_EQ(policy->max_age, std::chrono::seconds(604800));
    ASSERT_EQ(policy->mx.size(), 2U);
    EXPECT_TRUE(policy->names(name("mail.example.com")));
  }
  EXPECT_TRUE(parse_policy("mx: a.example\nmax_age: 1\nmode: testing\nversion: STSv1"));  // no order, no final line end
  EXPECT_TRUE(parse_policy("version: STSv1\nmode: none\nmax_age: 0\n"));
  EXPECT_EQ(parse_policy("version: STSv1\nmode: none\nmax_age: 9999999999\n")->max_age, longest_max_age);
}

TEST(Policy, what_is_wrong_is_told_with_its_line) {
  const auto fault = [](const std::string& body) {
    const auto policy = parse_policy(body);
    return policy ? std::string("a policy") : policy.error().what;
  };
  const std::string head = "version: STSv1\nmode: enforce\nmax_age: 86400\n";
  EXPECT_EQ(fault(head), "the policy names no mx");
  EXPECT_EQ(fault("mode: enforce\nmax_age: 86400\nmx: a.example\n"), "the policy has no version");
  EXPECT_EQ(fault("version: STSv1\nmx: a.example\nmode: enforce\n"), "the policy has no max_age");
  EXPECT_EQ(fault("version: STSv2\n"), "line 1: version 'STSv2' is not STSv1");
  EXPECT_EQ(fault("version: STSv1\nmode: Enforce\n"), "line 2: mode 'Enforce' is none of enforce, testing, none");
  EXPECT_EQ(fault(head + "mx: a b\n"), "line 4: mx pattern 'a b' is no host name");
  EXPECT_EQ(fault(head + "mx: *\n"), "line 4: mx pattern '*' would match every host");
  EXPECT_EQ(fault(head + "mx: a.*.example\n"), "line 4: mx pattern 'a.*.example' is no host name");
  EXPECT_EQ(fault("max_age: -1\n"), "line 1: max_age '-1' is not a number of 1 to 10 digits");
  EXPECT_EQ(fault("max_age: 00000000001\n"), "line 1: max_age '00000000001' is not a number of 1 to 10 digits");
  EXPECT_EQ(fault("<html>\n"), "line 1: '<html>' does not read 'name: value'");
  EXPECT_EQ(fault(""), "the policy has no version");
  EXPECT_EQ(fault(std::string("version: STSv1\0\n", 16)), "line 1: version 'STSv1?' is not STSv1");
}

// STS-08, RFC 8461 4.1
TEST(Pattern, exact_or_one_label_below) {
  const auto matches = [](const char* pattern, const char* host) { return StsMxPattern::parse(pattern)->matches(name(host)); };
  EXPECT_TRUE(matches("mx.example.com", "mx.example.com"));
  EXPECT_TRUE(matches("MX.Example.com.", "mx.example.com"));
  EXPECT_TRUE(matches("*.example.com", "mx.example.com"));
  EXPECT_FALSE(matches("*.example.com", "example.com"));
  EXPECT_FALSE(matches("*.example.com", "a.b.example.com"));
  EXPECT_FALSE(matches("*.example.com", "mx.badexample.com"));
  EXPECT_FALSE(matches("mx.example.com", "example.com"));
  EXPECT_FALSE(matches("example.com", "mx.example.com"));
}

StsPolicy enforce(std::chrono::seconds max_age = hours(7 * 24)) {
  return {StsPolicyMode::enforce, {*StsMxPattern::parse("mx.example.com")}, max_age};
}
RecordReading announced(std::string id) { return {std::move(id), "", std::nullopt}; }
RecordReading absent() { return {std::nullopt, "no record", std::nullopt}; }
StsFault down(Instant at) { return {TlsFailure::sts_policy_fetch_error, "policy host down", at}; }

// STS-06, RFC 8461 3.3: what was fetched holds for max_age, whatever is said meanwhile.
TEST(Cache, holds_until_max_age_and_not_longer) {
  const Memory memory = after_success(std::nullopt, enforce(hours(48)), "1", start);
  for (const RecordReading& record : {announced("1"), announced("2"), absent(), read_record(txt({{"v=STSv1;"}}))}) {
    const StsFact fact = fact_of(name("example.com"), memory, record, start + hours(47));
    ASSERT_TRUE(fact.in_force) << record.note;
    EXPECT_EQ(fact.in_force->policy, enforce(hours(48)));
    EXPECT_EQ(fact.in_force->source, record.id == "1" ? StsSource::live : StsSource::cache);
    EXPECT_FALSE(fact_of(name("example.com"), memory, record, start + hours(48)).in_force);
  }
  const Memory broken = after_failure(memory, down(start + hours(1)), "2");
  const StsFact fact = fact_of(name("example.com"), broken, announced("2"), start + hours(2));
  EXPECT_TRUE(fact.in_force);
  EXPECT_EQ(fact.fault->what, "policy host down");
}

TEST(Cache, fetches_what_it_does_not_hold) {
  EXPECT_TRUE(wants_fetch(std::nullopt, announced("1"), start));
  EXPECT_FALSE(wants_fetch(std::nullopt, absent(), start));
  const Memory memory = after_success(std::nullopt, enforce(), "1", start);
  EXPECT_FALSE(wants_fetch(memory, announced("1"), start + hours(1)));
  EXPECT_TRUE(wants_fetch(memory, announced("2"), start + minutes(1)));
  EXPECT_FALSE(wants_fetch(memory, absent(), start + hours(1)));
  EXPECT_TRUE(wants_fetch(memory, announced("1"), start + hours(8 * 24)));
}

// STS-05: five minutes for one id; another id is another policy.
TEST(Cache, does_not_hammer_a_host_that_fails) {
  const Memory memory = after_failure(std::nullopt, down(start), "1");
  EXPECT_FALSE(wants_fetch(memory, announced("1"), start + minutes(5) - Duration(1)));
  EXPECT_TRUE(wants_fetch(memory, announced("1"), start + minutes(5)));
  EXPECT_TRUE(wants_fetch(memory, announced("2"), start + minutes(1)));
  EXPECT_EQ(after_failure(memory, down(start + minutes(5)), "1").failures, 2U);
  EXPECT_EQ(after_success(memory, enforce(), "1", start + minutes(6)).failures, 0U);
}

// RFC 8461 10.2: about daily while it is in use, and in time before a short life ends.
TEST(Cache, refreshes_what_is_in_use) {
  Memory memory = after_success(std::nullopt, enforce(), "1", start);
  EXPECT_EQ(refresh_at(memory, start), start + hours(24));
  EXPECT_EQ(refresh_at(after_failure(memory, down(start + hours(24)), "1"), start + hours(24)), start + hours(25));
  EXPECT_EQ(refresh_at(after_success(std::nullopt, enforce(hours(2)), "1", start), start), start + hours(1));
  EXPECT_FALSE(refresh_at(after_success(std::nullopt, {StsPolicyMode::none, {}, hours(24)}, "1", start), start));
  EXPECT_FALSE(refresh_at(memory, start + hours(7 * 24)));  // it has run out: the next message fetches it
  memory = after_success(memory, enforce(hours(24 * 365)), "1", start + hours(1));
  EXPECT_FALSE(refresh_at(memory, start + in_use_for + hours(1)));  // nobody writes there any more
}

// STS-11
TEST(Cache, may_be_rechecked_but_not_in_a_loop) {
  EXPECT_TRUE(may_recheck(std::nullopt, start));
  const Memory memory = after_success(std::nullopt, enforce(), "1", start);
  EXPECT_FALSE(may_recheck(memory, start + std::chrono::seconds(59)));
  EXPECT_TRUE(may_recheck(memory, start + minutes(1)));
}

TEST(Cache, a_life_of_zero_is_a_minute) {
  const Memory memory = after_success(std::nullopt, enforce(std::chrono::seconds(0)), "1", start);
  EXPECT_TRUE(is_in_force(memory, start + std::chrono::seconds(59)));
  EXPECT_FALSE(is_in_force(memory, start + minutes(1)));
}

}  // namespace
}  // namespace danewerk::mtasts
