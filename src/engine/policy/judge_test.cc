// judge() and next_target(): each row is one way a session can end, and what must follow. RFC 5321 4.2.1, 4.5.3.1.10,
// 5.1; RFC 7672 2.2; TL-11; RTL-04; the choices listed in judge.h.
#include "engine/policy/judge.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/policy/plan.h"

namespace danewerk::policy {
namespace {

using namespace types;

const std::vector<RecipientIndex> both{RecipientIndex{0}, RecipientIndex{1}};
const Instant now{std::chrono::hours{490'000}};

DomainName name(std::string_view text) { return *DomainName::parse(text); }
IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

/// Two hosts with two addresses each: 192.0.2.11, .12 and 192.0.2.21, .22.
DeliveryPlan two_hosts(SecurityLevel first, SecurityLevel second) {
  DeliveryPlan plan;
  plan.next_hop = *NextHop::parse("example.com");
  plan.mx = MxTrust::secure;
  for (int i = 1; i <= 2; ++i) {
    Hop hop;
    hop.host = MxHost(name("mx" + std::to_string(i) + ".example.com"));
    hop.preference = static_cast<std::uint16_t>(10 * i);
    hop.mx = MxTrust::secure;
    hop.level = i == 1 ? first : second;
    for (int j = 1; j <= 2; ++j) hop.addresses.push_back(ip("192.0.2." + std::to_string(10 * i + j)));
    if (hop.level != SecurityLevel::opportunistic) {
      DaneTerms terms{TlsaBaseDomain(hop.host.name()), {}, {*TlsaRecord::parse("3 1 1 " + std::string(64, 'a'))}, {}, {}};
      if (hop.level == SecurityLevel::dane) terms.usable = terms.published;
      hop.dane = terms;
    }
    plan.hops.push_back(hop);
  }
  return plan;
}

Reply reply(int code, const char* enhanced = nullptr) {
  Reply out{code, std::nullopt, {"text"}};
  if (enhanced != nullptr) out.enhanced = *EnhancedCode::parse(enhanced);
  return out;
}

Attempt attempt_at(std::uint32_t hop, const char* address, AttemptEnd end, Phase phase) {
  Attempt out;
  out.hop = HopIndex{hop};
  out.peer = {ip(address), smtp_port};
  out.end = end;
  out.phase = phase;
  return out;
}

std::string text(const std::optional<Target>& target) {
  if (!target) return "end";
  return target->address.to_string() + (target->opening == Opening::plain ? " plain" : "");
}

struct Row {
  const char* what;
  SecurityLevel level;
  AttemptEnd end;
  Phase phase;
  int reply;  // 0: none
  const char* next;
  Disposition at_end;  // where this was the only attempt
  const char* code;
  FaultKind kind;
};

constexpr auto loose = SecurityLevel::opportunistic;
constexpr auto tls = SecurityLevel::encrypted;
constexpr auto dane = SecurityLevel::dane;
constexpr auto later = Disposition::deferred;
constexpr auto never = Disposition::failed;
constexpr auto usual = FaultKind::ordinary;
constexpr auto strict = FaultKind::policy;

const std::vector<Row> rows{
    {"no connection", dane, AttemptEnd::not_connected, Phase::connect, 0, "192.0.2.12", later, "4.4.1", usual},
    {"silence", dane, AttemptEnd::timed_out, Phase::ehlo, 0, "192.0.2.12", later, "4.4.2", usual},
    {"lost before the content", dane, AttemptEnd::lost, Phase::mail, 0, "192.0.2.12", later, "4.4.2", usual},
    {"lost after the content: may be accepted", dane, AttemptEnd::lost, Phase::content, 0, "end", later, "4.4.2", usual},
    {"silent after the content", loose, AttemptEnd::timed_out, Phase::content, 0, "end", later, "4.4.2", usual},
    {"nonsense", dane, AttemptEnd::protocol_error, Phase::ehlo, 0, "192.0.2.12", later, "4.5.0", usual},
    {"greeting 421", loose, AttemptEnd::refused, Phase::greeting, 421, "192.0.2.12", later, "4.0.0", usual},
    {"greeting 554 is of the session", loose, AttemptEnd::refused, Phase::greeting, 554, "192.0.2.12", later, "4.0.0", usual},
    {"EHLO 421", loose, AttemptEnd::refused, Phase::ehlo, 421, "192.0.2.12", later, "4.0.0", usual},
    {"EHLO 550 is of the session", loose, AttemptEnd::refused, Phase::ehlo, 550, "192.0.2.21", later, "4.0.0", usual},
    {"MAIL 451", loose, AttemptEnd::refused, Phase::mail, 451, "192.0.2.21", later, "4.0.0", usual},
    {"MAIL 550 is final", loose, AttemptEnd::refused, Phase::mail, 550, "end", never, "5.0.0", usual},
    {"DATA 451", loose, AttemptEnd::refused, Phase::data, 451, "192.0.2.21", later, "4.0.0", usual},
    {"DATA 554 is final", loose, AttemptEnd::refused, Phase::data, 554, "end", never, "5.0.0", usual},
    {"content 451", loose, AttemptEnd::refused, Phase::content, 451, "192.0.2.21", later, "4.0.0", usual},
    {"content 554 is final", dane, AttemptEnd::refused, Phase::content, 554, "end", never, "5.0.0", usual},
    {"TL-11 c: handshake fails", loose, AttemptEnd::handshake_failed, Phase::handshake, 0, "192.0.2.11 plain", later, "4.7.321", usual},
    {"TL-11 c: reset after 220", loose, AttemptEnd::lost, Phase::handshake, 0, "192.0.2.11 plain", later, "4.7.321", usual},
    {"TL-11 c: 454 and the session ends", loose, AttemptEnd::starttls_refused, Phase::starttls, 454, "192.0.2.11 plain", later, "4.7.321", usual},
    {"TL-11 a: not offered", dane, AttemptEnd::starttls_not_offered, Phase::starttls, 0, "192.0.2.12", later, "4.7.321", strict},
    {"TL-11 a: 454", dane, AttemptEnd::starttls_refused, Phase::starttls, 454, "192.0.2.12", later, "4.7.321", strict},
    {"TL-11 a: handshake fails", dane, AttemptEnd::handshake_failed, Phase::handshake, 0, "192.0.2.12", later, "4.7.321", strict},
    {"TL-11 a: reset after 220", dane, AttemptEnd::lost, Phase::handshake, 0, "192.0.2.12", later, "4.7.321", strict},
    {"TL-11 a: bytes ahead of TLS", dane, AttemptEnd::protocol_error, Phase::starttls, 220, "192.0.2.12", later, "4.7.321", strict},
    {"TL-11 a: not authenticated", dane, AttemptEnd::not_authenticated, Phase::authenticate, 0, "192.0.2.12", later, "4.7.323", strict},
    {"TL-11 b: not offered", tls, AttemptEnd::starttls_not_offered, Phase::starttls, 0, "192.0.2.12", later, "4.7.321", strict},
    {"TL-11 b: handshake fails", tls, AttemptEnd::handshake_failed, Phase::handshake, 0, "192.0.2.12", later, "4.7.321", strict},
    {"a fault of ours", dane, AttemptEnd::local_fault, Phase::authenticate, 0, "end", later, "4.3.0", FaultKind::ours},
    {"one of our addresses cannot be used", dane, AttemptEnd::local_fault, Phase::connect, 0, "192.0.2.12", later, "4.3.0", FaultKind::ours},
};

TEST(Judge, one_attempt_at_a_host_that_is_not_the_only_one) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Attempt attempt = attempt_at(0, "192.0.2.11", row.end, row.phase);
    if (row.reply != 0) attempt.reply = reply(row.reply);
    const DeliveryPlan plan = two_hosts(row.level, dane);
    EXPECT_EQ(text(next_target(plan, std::vector{attempt}, both)), row.next);
    for (const Outcome& outcome : judge(plan, std::vector{attempt}, both, now)) {
      EXPECT_EQ(outcome.disposition, row.at_end);
      EXPECT_EQ(outcome.code.to_string(), row.code);
      ASSERT_TRUE(outcome.fault);
      EXPECT_EQ(outcome.fault->kind, row.kind);
      EXPECT_NE(outcome.sentence.find("mx1.example.com [192.0.2.11]"), std::string::npos) << outcome.sentence;
    }
  }
}

TEST(Judge, the_verdict_gives_code_and_words) {
  const DeliveryPlan plan = two_hosts(dane, dane);
  for (const auto& [failure, code] : std::vector<std::pair<TlsFailure, const char*>>{
           {TlsFailure::tlsa_invalid, "4.7.323"},
           {TlsFailure::certificate_expired, "4.7.322"},
           {TlsFailure::certificate_host_mismatch, "4.7.325"}}) {
    Attempt attempt = attempt_at(0, "192.0.2.11", AttemptEnd::not_authenticated, Phase::authenticate);
    attempt.verdict = Verdict{};
    attempt.verdict->failure = failure;
    attempt.verdict->reason = "because of the moon";
    attempt.presented = {{"c0ffee", "feed01"}};
    const Outcome outcome = judge(plan, std::vector{attempt}, both, now).front();
    EXPECT_EQ(outcome.code.to_string(), code);
    EXPECT_EQ(outcome.fault->failure, failure);
    for (const char* part : {"because of the moon", "mx1.example.com", "3 1 1 aaaa", "feed01"}) {
      EXPECT_NE(outcome.sentence.find(part), std::string::npos) << outcome.sentence;
    }
  }
}

Attempt done_at(std::uint32_t hop, const char* address, std::vector<RecipientReply> replies) {
  Attempt out = attempt_at(hop, address, AttemptEnd::completed, Phase::done);
  out.channel = Channel::tls;
  out.replies = std::move(replies);
  return out;
}

// RFC 5321 4.2.5: recipients stand alone.
TEST(Judge, each_recipient_for_itself) {
  const DeliveryPlan plan = two_hosts(loose, loose);
  const std::vector attempts{done_at(0, "192.0.2.11",
                                     {{RecipientIndex{0}, Phase::recipients, reply(250)},
                                      {RecipientIndex{1}, Phase::recipients, reply(550, "5.1.1")},
                                      {RecipientIndex{0}, Phase::content, reply(250, "2.0.0")}})};
  EXPECT_EQ(text(next_target(plan, attempts, both)), "end");
  const auto outcomes = judge(plan, attempts, both, now);
  EXPECT_EQ(outcomes[0].disposition, Disposition::delivered);
  EXPECT_EQ(outcomes[0].code.to_string(), "2.0.0");
  EXPECT_EQ(outcomes[1].disposition, Disposition::failed);
  EXPECT_EQ(outcomes[1].code.to_string(), "5.1.1");
  EXPECT_EQ(outcomes[1].attempt, 0U);
}

// A 250 to RCPT is no delivery (RFC 5321 4.2.5, 6.1).
TEST(Judge, accepted_recipient_of_a_lost_transaction_is_not_delivered) {
  const DeliveryPlan plan = two_hosts(loose, loose);
  Attempt attempt = attempt_at(0, "192.0.2.11", AttemptEnd::lost, Phase::data);
  attempt.replies = {{RecipientIndex{0}, Phase::recipients, reply(250)}};
  EXPECT_EQ(judge(plan, std::vector{attempt}, both, now)[0].disposition, Disposition::deferred);
  attempt.end = AttemptEnd::refused;
  attempt.phase = Phase::content;
  attempt.reply = reply(554, "5.7.1");
  EXPECT_EQ(judge(plan, std::vector{attempt}, both, now)[0].disposition, Disposition::failed);
}

TEST(Judge, a_recipient_put_off_goes_to_the_next_host_alone) {
  const DeliveryPlan plan = two_hosts(loose, loose);
  std::vector attempts{done_at(0, "192.0.2.11",
                               {{RecipientIndex{0}, Phase::content, reply(250)},
                                {RecipientIndex{1}, Phase::recipients, reply(450, "4.2.0")}})};
  EXPECT_EQ(text(next_target(plan, attempts, both)), "192.0.2.21");
  EXPECT_EQ(judge(plan, attempts, both, now)[1].code.to_string(), "4.2.0");
  attempts.push_back(done_at(1, "192.0.2.21", {{RecipientIndex{1}, Phase::content, reply(250)}}));
  EXPECT_EQ(text(next_target(plan, attempts, both)), "end");
  EXPECT_EQ(judge(plan, attempts, both, now)[1].disposition, Disposition::delivered);
}

// RFC 5321 4.5.3.1.10: too many recipients is 452, and 552 is taken for it.
TEST(Judge, recipients_over_the_limit_go_to_the_same_server_again) {
  const DeliveryPlan plan = two_hosts(loose, loose);
  for (const int code : {452, 552}) {
    const std::vector attempts{done_at(0, "192.0.2.11",
                                       {{RecipientIndex{0}, Phase::recipients, reply(250)},
                                        {RecipientIndex{1}, Phase::recipients, reply(code)},
                                        {RecipientIndex{0}, Phase::content, reply(250)}})};
    EXPECT_EQ(text(next_target(plan, attempts, both)), "192.0.2.11") << code;
    EXPECT_EQ(judge(plan, attempts, both, now)[1].disposition, Disposition::deferred) << code;
  }
  const std::vector alone{done_at(0, "192.0.2.11", {{RecipientIndex{0}, Phase::recipients, reply(552)},
                                                    {RecipientIndex{1}, Phase::recipients, reply(552)}})};
  EXPECT_EQ(judge(plan, alone, both, now)[1].disposition, Disposition::failed) << "no room in the mailbox is final";
}

// RFC 3207 4: 530 after a failed handshake is about the handshake.
TEST(Judge, a_server_that_insists_on_the_tls_it_cannot_do) {
  const DeliveryPlan plan = two_hosts(loose, loose);
  Attempt first = attempt_at(0, "192.0.2.11", AttemptEnd::handshake_failed, Phase::handshake);
  Attempt second = attempt_at(0, "192.0.2.11", AttemptEnd::refused, Phase::mail);
  second.opening = Opening::plain;
  second.reply = reply(530, "5.7.0");
  EXPECT_EQ(judge(plan, std::vector{first, second}, both, now)[0].disposition, Disposition::deferred);
  EXPECT_EQ(text(next_target(plan, std::vector{first, second}, both)), "192.0.2.21");
}

TEST(Judge, extensions_that_are_needed) {
  const DeliveryPlan plan = two_hosts(dane, dane);
  for (const auto& [missing, code] : std::vector<std::pair<Extension, const char*>>{
           {Extension::requiretls, "5.7.30"},  // RTL-04
           {Extension::smtputf8, "5.6.7"},
           {Extension::eight_bit_mime, "5.6.3"},
           {Extension::binary_mime, "5.6.3"},
           {Extension::size, "5.3.4"}}) {
    Attempt first = attempt_at(0, "192.0.2.11", AttemptEnd::extension_missing, Phase::ehlo_in_tls);
    first.missing = missing;
    Attempt second = attempt_at(1, "192.0.2.21", AttemptEnd::extension_missing, Phase::ehlo_in_tls);
    second.missing = missing;
    EXPECT_EQ(text(next_target(plan, std::vector{first}, both)), "192.0.2.21");
    EXPECT_EQ(text(next_target(plan, std::vector{first, second}, both)), "end");
    const Outcome outcome = judge(plan, std::vector{first, second}, both, now).front();
    EXPECT_EQ(outcome.disposition, Disposition::failed);
    EXPECT_EQ(outcome.code.to_string(), code);
    const Attempt down = attempt_at(1, "192.0.2.21", AttemptEnd::not_connected, Phase::connect);
    EXPECT_EQ(judge(plan, std::vector{first, down}, both, now).front().disposition, Disposition::deferred)
        << "the other host may offer it when it is back";
  }
}

TEST(Judge, the_policy_failure_is_named_before_the_host_that_is_down) {
  const DeliveryPlan plan = two_hosts(dane, dane);
  const std::vector attempts{attempt_at(0, "192.0.2.11", AttemptEnd::not_authenticated, Phase::authenticate),
                             attempt_at(1, "192.0.2.21", AttemptEnd::not_connected, Phase::connect)};
  EXPECT_EQ(judge(plan, attempts, both, now)[0].fault->kind, FaultKind::policy);
}

TEST(Judge, a_host_left_out_counts_when_the_others_fail) {
  DeliveryPlan plan = two_hosts(loose, loose);
  Fault fault;
  fault.kind = FaultKind::policy;
  fault.code = {4, 7, 324};
  plan.out.push_back({"mx0.example.com", 5, OutReason::tlsa_lookup_failed, fault});
  const std::vector attempts{attempt_at(1, "192.0.2.22", AttemptEnd::not_connected, Phase::connect)};
  EXPECT_EQ(judge(plan, attempts, both, now)[0].code.to_string(), "4.7.324");
}

TEST(Judge, a_plan_that_stops_is_its_own_outcome) {
  DeliveryPlan plan;
  plan.stop = Fault{};
  plan.stop->lasting = Lasting::permanent;
  plan.stop->code = {5, 1, 10};
  plan.stop->reply_code = 556;
  EXPECT_FALSE(next_target(plan, {}, both));
  EXPECT_EQ(judge(plan, {}, both, now)[1].disposition, Disposition::failed);
  plan.stop->lasting = Lasting::transient;
  plan.stop->code = {4, 7, 324};
  EXPECT_EQ(judge(plan, {}, both, now)[1].disposition, Disposition::deferred);
}

TEST(Judge, nothing_tried_is_our_fault) {
  const Outcome outcome = judge(two_hosts(dane, dane), {}, both, now).front();
  EXPECT_EQ(outcome.disposition, Disposition::deferred);
  EXPECT_EQ(outcome.fault->kind, FaultKind::ours);
}

// MX-07, TL-15: what may be said of mail that was delivered.
TEST(Judge, assurance_is_never_more_than_was_proven) {
  Hop hop = two_hosts(dane, dane).hops.front();
  Attempt attempt = done_at(0, "192.0.2.11", {});
  attempt.channel = Channel::cleartext;
  EXPECT_EQ(assurance(hop, attempt), Assurance::cleartext);
  attempt.channel = Channel::tls;
  EXPECT_EQ(assurance(hop, attempt), Assurance::encrypted);
  attempt.verdict = Verdict{};
  EXPECT_EQ(assurance(hop, attempt), Assurance::encrypted);
  attempt.verdict->kind = VerdictKind::all_unusable;
  EXPECT_EQ(assurance(hop, attempt), Assurance::encrypted);
  attempt.verdict->kind = VerdictKind::matched;
  EXPECT_EQ(assurance(hop, attempt), Assurance::next_hop_authenticated);
  hop.mx = MxTrust::insecure;
  EXPECT_EQ(assurance(hop, attempt), Assurance::host_authenticated);
}

// Whatever servers do, a round ends, goes forward, and never opens in clear where TLS was demanded.
TEST(NextTarget, random_sessions_end_and_never_weaken) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto level = [&random] { return SecurityLevel{static_cast<std::uint8_t>(random() % 3)}; };
    const DeliveryPlan plan = two_hosts(level(), level());
    std::vector<Attempt> attempts;
    while (const auto target = next_target(plan, attempts, both)) {
      ASSERT_LT(attempts.size(), 12U) << "seed " << seed;
      const Hop& hop = plan.hops[static_cast<std::size_t>(target->hop)];
      ASSERT_TRUE(target->opening == Opening::starttls || hop.level == loose) << "seed " << seed;
      Attempt attempt;
      attempt.hop = target->hop;
      attempt.peer = {target->address, hop.port};
      attempt.opening = target->opening;
      attempt.end = AttemptEnd{static_cast<std::uint8_t>(random() % 12)};
      attempt.phase = Phase{static_cast<std::uint8_t>(random() % 12)};
      const int codes[]{250, 421, 450, 452, 530, 550, 552};
      if (random() % 2) attempt.reply = reply(codes[random() % 7]);
      for (const RecipientIndex recipient : both) {
        if (random() % 3 == 0) attempt.replies.push_back({recipient, Phase{static_cast<std::uint8_t>(8 + random() % 3)}, reply(codes[random() % 7])});
      }
      attempts.push_back(attempt);
    }
    for (const Outcome& outcome : judge(plan, attempts, both, now)) {
      ASSERT_EQ(outcome.code.klass, outcome.disposition == Disposition::delivered ? 2
                                    : outcome.disposition == Disposition::deferred ? 4 : 5) << "seed " << seed;
      ASSERT_EQ(outcome.fault.has_value(), outcome.disposition != Disposition::delivered) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace danewerk::policy
