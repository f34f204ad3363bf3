#include "engine/dsn/wanted.h"

#include <gtest/gtest.h>

namespace danewerk::dsn {
namespace {
using namespace types;

constexpr DsnNotify none{};
constexpr DsnNotify never{true, true, false, false, false};
constexpr DsnNotify success{true, false, true, false, false};
constexpr DsnNotify failure{true, false, false, true, false};
constexpr DsnNotify delay{true, false, false, false, true};

Envelope envelope_to(std::vector<DsnNotify> wishes) {
  Envelope envelope;
  envelope.sender.path = *Mailbox::parse("sender@example.com");
  for (const DsnNotify& wish : wishes) envelope.recipients.push_back({*Mailbox::parse("r@example.org"), wish, {}});
  return envelope;
}

/// What one recipient with this wish is told of: one letter a row of the header's table, '-' for nothing.
std::string told(const DsnNotify& wish, DelayByDefault by_default) {
  std::string out;
  for (const Event event :
       {Event::failed, Event::delayed, Event::delivered, Event::relayed, Event::relayed_past_dsn}) {
    const Happened happened[] = {{RecipientIndex{0}, event}};
    const std::vector<Due> due = wanted(envelope_to({wish}), happened, by_default);
    out += due.empty() ? '-' : to_string(due.front().action)[0] == 'r' ? 'r' : to_string(due.front().action)[2];
  }
  return out;  // i: failed, l: delayed or delivered by its place, r: relayed
}

TEST(Wanted, EveryWishAgainstEveryEvent) {  // SMTP-09, RFC 3461 5.2.1 to 5.2.6
  EXPECT_EQ(told(none, DelayByDefault::tell), "il---");
  EXPECT_EQ(told(none, DelayByDefault::silent), "i----");
  EXPECT_EQ(told(never, DelayByDefault::tell), "-----");
  EXPECT_EQ(told(failure, DelayByDefault::tell), "i----");
  EXPECT_EQ(told(delay, DelayByDefault::silent), "-l---");
  EXPECT_EQ(told(success, DelayByDefault::tell), "--l-r");
  EXPECT_EQ(told({true, false, true, true, true}, DelayByDefault::silent), "ill-r");
}

TEST(Wanted, NothingFollowsFromANullReversePath) {  // SMTP-06, RFC 5321 4.5.5
  Envelope bounce = envelope_to({none, {true, false, true, true, true}});
  bounce.sender.path = std::nullopt;
  const Happened happened[] = {{RecipientIndex{0}, Event::failed}, {RecipientIndex{1}, Event::failed},
                               {RecipientIndex{1}, Event::relayed_past_dsn}};
  EXPECT_TRUE(wanted(bounce, happened, DelayByDefault::tell).empty());
}

TEST(Wanted, OnlyThoseWhoAskedAreInTheNotice) {  // RFC 3461 5.2.8
  const Happened happened[] = {{RecipientIndex{2}, Event::failed}, {RecipientIndex{0}, Event::failed},
                               {RecipientIndex{1}, Event::failed}};
  const std::vector<Due> due = wanted(envelope_to({none, never, failure}), happened, DelayByDefault::tell);
  const std::vector<Due> expected{{RecipientIndex{2}, Action::failed}, {RecipientIndex{0}, Action::failed}};
  EXPECT_EQ(due, expected);
}

}  // namespace
}  // namespace danewerk::dsn
