#include "service/alerts/alert_sender.h"

#include <algorithm>

#include "service/alerts/alert_events.h"

namespace danewerk::service {

const char* to_string(AlertNews::State state) noexcept { return state == AlertNews::State::begun ? "begun" : "over"; }

void AlertSender::tell(AlertNews news) {
  const std::lock_guard guard(mutex_);
  news_.push_back(std::move(news));
  while (news_.size() > pace_.most_waiting) {
    news_.pop_front();
    ++dropped_;
  }
}

/// What waits, and from when drops are counted.
std::vector<AlertNews> AlertSender::take_stock() {
  const std::lock_guard guard(mutex_);
  dropped_ = 0;
  return {news_.begin(), news_.end()};
}

/// The first `count` of what waited; some of them may have been dropped meanwhile.
void AlertSender::took(std::size_t count) {
  const std::lock_guard guard(mutex_);
  const std::size_t gone = std::min<std::size_t>(dropped_, count);
  const std::size_t left = std::min(count - gone, news_.size());
  news_.erase(news_.begin(), news_.begin() + static_cast<std::ptrdiff_t>(left));
  dropped_ = 0;
}

void AlertSender::note(const Result<void>& sent, std::size_t count) {
  if (sent) {
    took(count);
    if (!fault_.empty()) log_.event(alert_events::sent_again, {{"channel", channel_}});
    fault_.clear();
    wait_ = Duration{0};
    return;
  }
  if (fault_.empty()) log_.event(alert_events::not_sent, {{"channel", channel_}, {"what", sent.error().what}});
  fault_ = sent.error().what;
  wait_ = std::clamp<Duration>(wait_ * 2, pace_.first_retry, pace_.longest_retry);
}

io::Task<> AlertSender::run() {
  while (true) {
    const Duration pause = std::max(pace_.gather, wait_);
    co_await clock_.sleep_for(pause);
    std::vector<AlertNews> news = take_stock();
    const std::size_t count = news.size();
    if (count == 0) continue;
    const auto sent = co_await send_(std::move(news));
    note(sent, count);
  }
}

}  // namespace danewerk::service
