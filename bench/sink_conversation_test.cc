#include "sink_conversation.h"

#include <gtest/gtest.h>

namespace danewerk::bench {
namespace {

double fixed_wall() { return 1234.5; }

// Feeds `script` in chunks of `step` octets; returns every reply.
std::string feed(const std::string& script, std::size_t step, const SinkRules& rules, SinkTotals& totals) {
  SinkConversation sink(rules, totals, fixed_wall);
  std::string answer;
  for (std::size_t at = 0; at < script.size(); at += step) {
    if (sink.received(std::string_view(script).substr(at, step), answer) == Then::close) break;
  }
  return answer;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

constexpr std::size_t steps[] = {1, 2, 3, 5, 7, 65536};

// RFC 5321 4.5.2
TEST(SinkConversation, CountsOctetsAfterDotRemovalAtAnyFragmentation) {
  const std::string body = "X-Bench-Id: a-1\r\n\r\n..\r\n...x\r\n..\rmid\r\nend\r\n";
  const std::string plain = "X-Bench-Id: a-1\r\n\r\n.\r\n..x\r\n.\rmid\r\nend\r\n";
  for (const std::size_t step : steps) {
    SinkTotals totals;
    const std::string answer =
        feed("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + body + ".\r\nQUIT\r\n", step, {}, totals);
    EXPECT_EQ(totals.messages, 1u) << step;
    EXPECT_EQ(totals.octets, plain.size()) << step;
    EXPECT_EQ(totals.ids.size(), 1u) << step;
    EXPECT_EQ(totals.last_accept, 1234.5);
    EXPECT_EQ(count(answer, "221 "), 1u) << step;
    EXPECT_EQ(totals.refused, 0u) << answer;
  }
}

TEST(SinkConversation, EmptyMessageAndBareLineFeedsDoNotEndDataEarly) {
  for (const std::size_t step : steps) {
    SinkTotals totals;
    feed("MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\na\n.\nb\r\n.\nc\r\n.\r\n", step, {},
         totals);
    EXPECT_EQ(totals.messages, 2u) << step;
    EXPECT_EQ(totals.octets, std::string("a\n.\nb\r\n\nc\r\n").size()) << step;
  }
}

// RFC 3030, RFC 2920
TEST(SinkConversation, ChunksAndCommandsShareSegments) {
  for (const std::size_t step : steps) {
    SinkTotals totals;
    const std::string answer = feed(
        "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nBDAT 5\r\nabc\r\nBDAT 3 LAST\r\n.\r\nBDAT 2 LAST\r\nxyQUIT\r\n", step, {},
        totals);
    EXPECT_EQ(totals.messages, 1u);
    EXPECT_EQ(totals.octets, 8u);
    EXPECT_EQ(totals.recipients, 2u);
    EXPECT_EQ(count(answer, "503 "), 1u) << answer;
    EXPECT_EQ(count(answer, "221 "), 1u) << answer;
  }
}

TEST(SinkConversation, BdatOfNothingEndsAMessage) {
  SinkTotals totals;
  feed("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 4\r\nabc\nBDAT 0 LAST\r\n", 65536, {}, totals);
  EXPECT_EQ(totals.messages, 1u);
  EXPECT_EQ(totals.octets, 4u);
}

TEST(SinkConversation, RefusesClearTextMailWhereTlsIsRequired) {
  SinkRules rules;
  rules.offer_tls = rules.require_tls = true;
  SinkTotals totals;
  const std::string answer = feed("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", 65536, rules, totals);
  EXPECT_EQ(count(answer, "530 "), 1u);
  EXPECT_EQ(totals.messages, 0u);
  EXPECT_EQ(totals.mails_in_clear, 1u);
}

TEST(SinkConversation, LimitOfMessagesEndsTheConnection) {
  SinkRules rules;
  rules.messages_per_connection = 1;
  const std::string one = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nhi\r\n.\r\n";
  for (const std::size_t step : steps) {
    SinkTotals totals;
    const std::string answer = feed(one + one, step, rules, totals);
    EXPECT_EQ(totals.messages, 1u);
    EXPECT_TRUE(answer.ends_with("250 2.0.0 taken\r\n421 4.7.0 enough messages on this connection\r\n")) << answer;
  }
}

TEST(SinkConversation, StartTlsDropsWhatFollowsInTheSameSegment) {
  SinkRules rules;
  rules.offer_tls = true;
  SinkTotals totals;
  SinkConversation sink(rules, totals, fixed_wall);
  std::string answer;
  EXPECT_EQ(sink.received("STARTTLS\r\nMAIL FROM:<a@b>\r\n", answer), Then::start_tls);
  EXPECT_EQ(answer, "220 2.0.0 go\r\n");
  sink.tls_established();
  sink.received("RCPT TO:<c@d>\r\n", answer);
  EXPECT_EQ(count(answer, "503 "), 1u);
}

TEST(SinkConversation, OverlongCommandIsRefusedOnceAndTheNextIsRead) {
  SinkTotals totals;
  const std::string answer = feed(std::string(10000, 'a') + "\r\nNOOP\r\n", 7, {}, totals);
  EXPECT_EQ(answer, "500 5.5.2 line too long\r\n250 2.0.0 ok\r\n");
}

TEST(SinkConversation, ReportsAndResetsOverSmtp) {
  SinkTotals totals;
  const std::string answer = feed("MAIL FROM:<a@b>\r\nXSTAT\r\nXRESET\r\n", 3, {}, totals);
  EXPECT_NE(answer.find("\"mails_in_clear\": 1"), std::string::npos) << answer;
  EXPECT_EQ(totals.mails_in_clear, 0u);
}

}  // namespace
}  // namespace danewerk::bench
