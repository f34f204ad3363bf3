// AlertSender: carries alerts to where people look: a webhook, a mailbox.
//
// An alert is said once in the log when it begins and once when it is over; who does not read the log must hear of it all the same.
// But telling must not hang on what is broken: news waits here until its channel takes it, in order, each channel by itself; what
// comes within a few seconds goes together; a channel that fails is tried again, ever less often, and its failure is logged once.
// News lives in memory: what stands when the program starts again is raised again, and told again.
//
// A channel is a function the app hands in. It gets all news that waits, and either takes all of it or fails.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/instant.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/runtime/task.h"

namespace danewerk::service {

struct AlertNews {
  std::string subject;  ///< "resolver", "domains", ...
  std::string what;
  Instant since{};
  Instant at{};
  enum class State : std::uint8_t { begun, over } state = State::begun;
  friend bool operator==(const AlertNews&, const AlertNews&) = default;
};

const char* to_string(AlertNews::State state) noexcept;

class AlertSender {
 public:
  using Send = std::function<io::Task<Result<void>>(std::vector<AlertNews>)>;
  /// For tests; what operators see.
  struct Pace {
    Duration gather = std::chrono::seconds(5);
    Duration first_retry = std::chrono::seconds(30);
    Duration longest_retry = std::chrono::minutes(30);
    std::size_t most_waiting = 200;  ///< of a channel; the oldest go first
  };

  AlertSender(std::string channel, Send send, io::Clock& clock, io::Log& log, Pace pace)
      : channel_(std::move(channel)), send_(std::move(send)), clock_(clock), log_(log), pace_(pace) {}
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;

  /// Thread safe.
  void tell(AlertNews news);
  /// Until cancelled. One reactor.
  io::Task<> run();

 private:
  std::vector<AlertNews> take_stock();
  void took(std::size_t count);
  void note(const Result<void>& sent, std::size_t count);

  std::string channel_;
  Send send_;
  io::Clock& clock_;
  io::Log& log_;
  Pace pace_;
  Duration wait_{0};    // before the next try; zero: the last one was well
  std::string fault_;
  std::mutex mutex_;
  std::deque<AlertNews> news_;     // under the mutex
  std::uint64_t dropped_ = 0;      // under the mutex: how many left the front of news_
};

}  // namespace danewerk::service
