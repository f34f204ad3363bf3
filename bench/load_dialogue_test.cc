#include "load_dialogue.h"

#include <gtest/gtest.h>

#include "sink_conversation.h"

namespace danewerk::bench {
namespace {

double never_moving_wall() { return 1.0; }

// Lets a dialogue and the sink talk to each other in chunks of `step` octets until the dialogue is over.
void converse(LoadDialogue& load, SinkConversation& sink, std::size_t step) {
  std::string to_load;
  std::string to_sink;
  sink.greet(to_load);
  for (int guard = 0; guard < 100000; ++guard) {
    if (!to_load.empty()) {
      const std::string part = to_load.substr(0, step);
      to_load.erase(0, part.size());
      const LoadDialogue::Next next = load.received(part, Instant{}, to_sink);
      if (next == LoadDialogue::Next::finished) return;
      if (next == LoadDialogue::Next::start_tls) {
        load.tls_established(to_sink);
        sink.tls_established();
      }
    } else {
      ASSERT_FALSE(to_sink.empty()) << "both wait";
      const std::string part = to_sink.substr(0, step);
      to_sink.erase(0, part.size());
      sink.received(part, to_load);
    }
  }
  FAIL() << "no end";
}

TEST(LoadDialogue, EveryMessageArrivesOnceAndWithItsExactSize) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{65536}}) {
    for (const bool pipelining : {true, false}) {
      LoadPlan plan;
      plan.pipelining = pipelining;
      plan.starttls = true;
      plan.total = 5;
      plan.per_connection = 3;
      plan.size = 700;
      SinkRules rules;
      rules.offer_tls = true;
      const MessageMaker maker(plan);
      LoadScore score;
      SinkTotals totals;
      while (score.taken < plan.total) {
        LoadDialogue load(plan, maker, score, Instant{});
        SinkConversation sink(rules, totals, never_moving_wall);
        converse(load, sink, step);
      }
      EXPECT_EQ(score.accepted, 5u);
      EXPECT_TRUE(score.failures.empty());
      EXPECT_EQ(score.first.count(), 2u);
      EXPECT_EQ(totals.messages, 5u);
      EXPECT_EQ(totals.ids.size(), 5u);
      EXPECT_EQ(totals.octets, 5u * 700u);
      EXPECT_EQ(totals.mails_in_clear, 0u);
    }
  }
}

TEST(LoadDialogue, EverySizeIsExactAndHoldsNoBareLineEnds) {
  LoadPlan plan;
  for (plan.size = 512; plan.size < 720; ++plan.size) {
    const MessageMaker maker(plan);
    std::string text;
    maker.append(7, text);
    ASSERT_EQ(text.size(), plan.size);
    ASSERT_EQ(text.substr(text.size() - 2), "\r\n");
    for (std::size_t at = 1; at < text.size(); ++at) {
      ASSERT_EQ(text[at] == '\n', text[at - 1] == '\r') << plan.size << " at " << at;
      ASSERT_FALSE(text[at] == '.' && text[at - 1] == '\n');
    }
  }
}

TEST(LoadDialogue, FailureIsPutDownUnderItsCode) {
  LoadPlan plan;
  plan.total = 2;
  const MessageMaker maker(plan);
  LoadScore score;
  std::string out;
  LoadDialogue refused(plan, maker, score, Instant{});
  EXPECT_EQ(refused.received("220 x\r\n250 x\r\n452 4.3.1 full\r\n", Instant{}, out), LoadDialogue::Next::finished);
  LoadDialogue ended(plan, maker, score, Instant{});
  ended.received("220 x\r\n", Instant{}, out);
  ended.lost("closed");
  EXPECT_EQ(score.failures["452"], 1u);
  EXPECT_EQ(score.failures["closed"], 1u);
  EXPECT_EQ(score.accepted, 0u);
}

// RFC 3207 4.2
TEST(LoadDialogue, BytesAfterStartTlsAreAFailure) {
  LoadPlan plan;
  plan.starttls = true;
  const MessageMaker maker(plan);
  LoadScore score;
  std::string out;
  LoadDialogue load(plan, maker, score, Instant{});
  load.received("220 x\r\n250 STARTTLS\r\n", Instant{}, out);
  EXPECT_EQ(load.received("220 go\r\n250 injected\r\n", Instant{}, out), LoadDialogue::Next::finished);
  EXPECT_EQ(score.failures.size(), 1u);
}

TEST(LoadDialogue, RecipientPatternSpreadsOverDomainsAndUsers) {
  LoadPlan plan;
  plan.domains = 3;
  plan.users = 2;
  const MessageMaker maker(plan);
  EXPECT_EQ(maker.recipient(4), "user0@d1.bench.test");
}

TEST(ReplyReader, RefusesWhatIsNotSmtp) {
  for (const std::string text : {"HTTP/1.1 400\r\n", "25\r\n", "250-a\r\n350 b\r\n"}) {
    ReplyReader reader;
    reader.add(text);
    EXPECT_FALSE(reader.next().has_value());
    EXPECT_TRUE(reader.broken()) << text;
  }
}

}  // namespace
}  // namespace danewerk::bench
