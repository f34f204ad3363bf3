#include "service/delivery/lines.h"

#include <array>

namespace danewerk::service {
namespace {

constexpr Duration patience = std::chrono::seconds(5);
constexpr std::size_t most_goodbyes = 200;  ///< beyond that a line is closed without its QUIT being waited for

}  // namespace

Lines::Lines(io::Executor executor, io::Clock& clock, LineLimits limits)
    : clock_(clock), limits_(limits), something_(executor), watching_(executor, "lines"), goodbyes_(executor, "goodbyes") {}

std::unique_ptr<Line> Lines::remove(Order::iterator resting) {
  auto [at, end] = by_peer_.equal_range(resting->line->terms.peer);
  while (at != end && at->second != resting) ++at;
  CHECK(at != end);
  by_peer_.erase(at);
  std::unique_ptr<Line> line = std::move(resting->line);
  resting_.erase(resting);
  return line;
}

/// TLS 1.3 sends tickets and key updates of its own accord; they are taken in here and are no octets.
bool Lines::is_quiet(Line& line) {
  std::array<char, 256> buffer;
  const auto got = line.connection.read_now(buffer);
  return got && !got->has_value();
}

std::unique_ptr<Line> Lines::take(const LineTerms& wanted) {
  const auto [begin, end] = by_peer_.equal_range(wanted.peer);
  for (auto at = end; at != begin;) {
    const auto candidate = std::prev(at);
    const auto resting = candidate->second;
    if (!serves(resting->line->terms, wanted)) {
      at = candidate;
      continue;
    }
    const bool due = resting->until <= clock_.now();
    std::unique_ptr<Line> line = remove(resting);  // `at`, behind it, stays valid
    CHECK(line->connection.is_encrypted() || wanted.level == types::SecurityLevel::opportunistic);
    if (due) {
      dismiss(std::move(line));
    } else if (is_quiet(*line)) {
      return line;
    } else {
      line->connection.shutdown();
    }
    return take(wanted);
  }
  return nullptr;
}

void Lines::keep(std::unique_ptr<Line> line) {
  if (stopping_ || limits_.idle <= Duration::zero() || line->messages >= limits_.messages || limits_.open == 0) {
    return dismiss(std::move(line));
  }
  if (resting_.size() >= limits_.open) dismiss(remove(resting_.begin()));
  const types::Endpoint peer = line->terms.peer;
  const auto resting = resting_.insert(resting_.end(), {std::move(line), clock_.now() + limits_.idle});
  by_peer_.emplace(peer, resting);
  if (watching_.size() == 0) watching_.spawn("rest", watch());
  something_.set();
}

void Lines::dismiss(std::unique_ptr<Line> line) {
  const Instant now = clock_.now();
  const Duration wait = goodbyes_.size() < most_goodbyes ? patience : Duration{1};
  goodbyes_.spawn("goodbye", say_goodbye(std::move(line), now, wait));
}

/// Ends lines when they have rested long enough.
io::Task<> Lines::watch() {
  while (true) {
    if (resting_.empty()) {
      something_.reset();
      co_await something_.wait();
      continue;
    }
    co_await clock_.sleep_until(resting_.front().until);
    while (!resting_.empty() && resting_.front().until <= clock_.now()) dismiss(remove(resting_.begin()));
  }
}

io::Task<> Lines::stop() {
  stopping_ = true;
  watching_.stop();
  co_await watching_.join();
  while (!resting_.empty()) dismiss(remove(resting_.begin()));
  co_await goodbyes_.join();
}

}  // namespace danewerk::service
