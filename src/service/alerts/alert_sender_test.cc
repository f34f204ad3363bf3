#include "service/alerts/alert_sender.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/runtime/reactor.h"
#include "io/runtime/task_group.h"

namespace danewerk::service {
namespace {

using namespace std::chrono_literals;

const Instant noon = *parse_rfc3339("2026-11-27T12:00:00Z");

struct Receiver {
  bool works = true;
  int asked = 0;
  std::vector<std::vector<std::string>> got;

  io::Task<Result<void>> take(std::vector<AlertNews> news) {
    ++asked;
    if (!works) co_return fail(ErrorKind::unavailable, "503");
    std::vector<std::string> texts;
    for (const AlertNews& one : news) texts.push_back(one.subject + " " + to_string(one.state));
    got.push_back(std::move(texts));
    co_return Result<void>{};
  }
};

/// Virtual time, as long as it takes.
io::Task<> pass(io::ManualClock& clock, Duration time) {
  boost::asio::use_awaitable_t<io::Executor> token;
  const Instant until = clock.now() + time;
  while (true) {
    for (int i = 0; i < 20; ++i) co_await boost::asio::post(co_await io::this_executor(), token);
    const auto wake = clock.next_wake();
    if (!wake || *wake > until) break;
    clock.advance_to(*wake);
  }
  clock.advance_to(until);
}

io::Task<> tell_all(Receiver& receiver, io::MemoryLog& log) {
  io::ManualClock clock(noon);
  const AlertSender::Send send = [&receiver](std::vector<AlertNews> news) { return receiver.take(std::move(news)); };
  AlertSender sender("webhook", send, clock, log, {5s, 30s, 10min, 3});
  io::TaskGroup group(co_await io::this_executor(), "alerts");
  group.spawn("sender", sender.run());
  const auto news = [](std::string subject, AlertNews::State state) { return AlertNews{std::move(subject), "x", noon, noon, state}; };
  sender.tell(news("disk", AlertNews::State::begun));
  sender.tell(news("clock", AlertNews::State::begun));
  co_await pass(clock, 1min);
  receiver.works = false;
  sender.tell(news("disk", AlertNews::State::over));
  co_await pass(clock, 24h);
  EXPECT_LT(receiver.asked, 200) << "ever less often";
  for (const char* subject : {"a", "b", "c"}) sender.tell(news(subject, AlertNews::State::begun));
  receiver.works = true;
  co_await pass(clock, 1h);
  group.stop();
  co_await group.join();
}

TEST(AlertSender, tells_each_once_together_and_later_where_it_failed) {
  Receiver receiver;
  io::MemoryLog log;
  io::run_to_end(tell_all(receiver, log));
  const std::vector<std::vector<std::string>> wanted{{"disk begun", "clock begun"}, {"a begun", "b begun", "c begun"}};
  EXPECT_EQ(receiver.got, wanted) << "of what waits, the oldest go first";
  const auto records = log.records();
  const auto told = [&records](std::string_view what) {
    return std::count_if(records.begin(), records.end(), [what](const std::string& one) { return one.find(what) != std::string::npos; });
  };
  EXPECT_EQ(told("alert.not_sent"), 1);
  EXPECT_EQ(told("alert.sent_again"), 1);
}

}  // namespace
}  // namespace danewerk::service
