// queue_bench: what a long queue costs those who are not in it.
//
//   queue_bench DIRECTORY [N] [MESSAGES]
//
// MESSAGES messages of 4 KiB of one tenant to 100 hops are accepted by 32 clients and handed out by the scheduler, each delivery
// recorded at once: on an empty queue, and again on one of N (1,000,000) messages of another tenant, half of them waiting for a
// later instant at 5,000 hops, half of them due at a hop that never answers. The same store, the same disk, one after the other.
// Prints one line of JSON; exit 1 if a message was not delivered.
#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>

#include "io/runtime/reactor.h"
#include "io/runtime/together.h"
#include "io/store/posix_disk.h"
#include "io/store/queue_rows.h"
#include "io/store/test_rig.h"
#include "service/queue/scheduler.h"

namespace {

using namespace danewerk;
using namespace std::chrono_literals;
using Stopwatch = std::chrono::steady_clock;

constexpr int clients = 32;

double seconds_since(Stopwatch::time_point start) { return std::chrono::duration<double>(Stopwatch::now() - start).count(); }

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Resident memory in MiB: now ("VmRSS:"), or at its peak ("VmHWM:").
long memory(const char* which) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(which)) return std::strtol(line.c_str() + std::strlen(which), nullptr, 10) / 1024;
  }
  return 0;
}

types::NewMessage message_of(const std::string& tenant, const std::string& hop, Instant received, Instant due) {
  types::NewMessage message = io::test::message_to(1, received);
  message.tenant = io::test::tenant(tenant);
  message.hops[0].text = hop;
  message.next_at = due;
  return message;
}

class Bench {
 public:
  Bench(const std::string& directory, int messages) : messages_(messages), body_(io::test::octets_of(1, 4096)) {
    store_ = *io::Store::open(std::make_shared<io::PosixDisk>(directory), {});
    queue_.emplace(*store_);
  }

  struct Figures {
    double seconds = 0, cpu_micros = 0, slowest_accept_ms = 0;
    std::size_t delivered = 0;
  };

  Figures run() {
    delivered_ = 0;
    io::Reactor home("home");
    io::ReactorPool lanes(2);
    std::vector<service::DeliverOne> deliver_on;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      deliver_on.push_back([this, &reactor = lanes.at(i)](types::DueRecipients due) { return deliver(reactor, std::move(due)); });
    }
    home.start();
    lanes.start();
    auto scheduler = std::make_unique<service::Scheduler>(*queue_, clock_, log_, home, lanes, std::move(deliver_on), pace::Limits{});
    scheduler_ = scheduler.get();
    Figures out;
    const auto start = Stopwatch::now();
    const double cpu = cpu_seconds();
    scheduler->start();
    io::run_to_end(accept_all(out));
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, 300s, [this] { return delivered_ >= static_cast<std::size_t>(messages_); });
    }
    out.seconds = seconds_since(start);
    out.cpu_micros = (cpu_seconds() - cpu) * 1e6 / messages_;
    out.delivered = delivered_;
    scheduler->stop(0ms);
    scheduler.reset();  // while its reactors still run
    lanes.stop();
    home.stop();
    return out;
  }

  double fill(int count) {
    const auto start = Stopwatch::now();
    io::run_to_end(fill_all(count));
    return seconds_since(start);
  }
  double learn() {
    const auto start = Stopwatch::now();
    io::run_to_end(learn_lanes());
    return seconds_since(start);
  }
  double hold_all(int& changed) {
    const auto start = Stopwatch::now();
    io::run_to_end(hold(changed));
    return seconds_since(start);
  }

 private:
  io::Task<> deliver(io::Reactor& reactor, types::DueRecipients due) {
    if (due.hop.text == "dead.test") {
      io::Event never(reactor.executor());
      co_await never.wait();
    }
    io::Recording recording{due.id, due.hop, clock_.now(), {}, {}, {}};
    recording.results.push_back({0, types::RecipientState::delivered, {}, {2, 0, 0}, "sent", "", ""});
    auto recorded = co_await queue_->record(std::move(recording));
    pace::Signal signal;
    signal.heard = pace::Heard::delivered;
    scheduler_->hear(due.hop, signal);
    if (!recorded) co_return;
    const std::lock_guard guard(mutex_);
    ++delivered_;
    changed_.notify_all();
  }

  io::Task<Result<double>> accept_some(int from, int count) {
    double slowest = 0;
    for (int i = 0; i < count; ++i) {
      const auto start = Stopwatch::now();
      const Instant now = clock_.now();
      types::NewMessage message = message_of("small", "hop" + std::to_string((from + i) % 100) + ".example", now, now);
      CO_TRY_VOID(co_await io::test::accept_message(*queue_, std::move(message), body_, 65536));
      scheduler_->wake();
      slowest = std::max(slowest, seconds_since(start) * 1000);
    }
    co_return slowest;
  }
  io::Task<> accept_all(Figures& out) {
    std::vector<io::Task<Result<double>>> tasks;
    for (int i = 0; i < clients; ++i) tasks.push_back(accept_some(i, messages_ / clients));
    auto results = co_await io::together(std::move(tasks));
    for (auto& result : results) {
      if (!result) std::fprintf(stderr, "accept: %s\n", result.error().what.c_str());
      if (result) out.slowest_accept_ms = std::max(out.slowest_accept_ms, *result);
    }
  }

  /// As accept() would write them, but a thousand in a transaction.
  io::Task<> fill_all(int count) {
    const Instant now = clock_.now();
    for (int from = 0; from < count; from += 1000) {
      io::Writer::Work work = [this, from, count, now](io::Database& database) -> Result<void> {
        for (int i = from; i < std::min(count, from + 1000); ++i) {
          const bool due = i % 2 == 0;
          const std::string hop = due ? "dead.test" : "far" + std::to_string(i % 10000) + ".example";
          const auto message = message_of("large", hop, now, due ? now : now + 24h);
          TRY_VOID(io::insert_message(database, store_->next_id(now), message, io::StoredBody{body_, false, 4096}));
        }
        return {};
      };
      auto written = co_await store_->writer().write(std::move(work));
      if (!written) std::fprintf(stderr, "fill: %s\n", written.error().what.c_str());
    }
  }
  io::Task<> learn_lanes() {
    auto lanes = co_await queue_->waiting();
    lanes_ = lanes ? lanes->size() : 0;
  }
  io::Task<> hold(int& changed) {
    types::QueueFilter filter;
    filter.tenant = io::test::tenant("large");
    const types::AdminAct act{"bench", "bench", clock_.now()};
    auto held = co_await queue_->change(io::Change::hold, std::move(filter), act);
    changed = held ? static_cast<int>(*held) : -1;
  }

  int messages_;
  std::string body_;
  io::SystemClock clock_;
  io::MemoryLog log_;
  std::unique_ptr<io::Store> store_;
  std::optional<io::QueueStore> queue_;
  service::Scheduler* scheduler_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t delivered_ = 0;

 public:
  std::size_t lanes_ = 0;
};

void print(const char* name, const Bench::Figures& figures) {
  std::printf("\"%s\":{\"delivered\":%zu,\"messages_per_second\":%.0f,\"cpu_us_per_message\":%.0f,\"slowest_accept_ms\":%.1f},", name,
              figures.delivered, static_cast<double>(figures.delivered) / figures.seconds, figures.cpu_micros, figures.slowest_accept_ms);
}

}  // namespace

int main(int argc, char** argv) {
  int count = 1'000'000;
  int messages = 6400;
  for (int i = 2; i < argc; ++i) {
    int& into = i == 2 ? count : messages;
    if (std::from_chars(argv[i], argv[i] + std::strlen(argv[i]), into).ec != std::errc{}) argc = 1;
  }
  if (argc < 2) {
    std::fprintf(stderr, "usage: queue_bench DIRECTORY [N] [MESSAGES]\n");
    return 3;
  }
  messages -= messages % clients;
  Bench bench(argv[1], messages);
  bench.run();  // caches, files and the allocator are warm
  const auto empty = bench.run();
  const long before = memory("VmRSS:");
  const double filling = bench.fill(count);
  const double learning = bench.learn();
  const auto first = bench.run();
  const auto full = bench.run();
  const long after = memory("VmRSS:");
  int held = 0;
  const double holding = bench.hold_all(held);
  std::printf("{\"queued\":%d,\"lanes\":%zu,", count, bench.lanes_);
  print("empty", empty);
  print("full_first", first);
  print("full", full);
  std::printf("\"fill_s\":%.1f,\"learn_lanes_ms\":%.1f,\"rss_mib_before\":%ld,\"rss_mib_after\":%ld,\"peak_mib\":%ld,\"held\":%d,\"hold_s\":%.1f}\n", filling,
              learning * 1000, before, after, memory("VmHWM:"), held, holding);
  const auto wanted = static_cast<std::size_t>(messages);
  return empty.delivered == wanted && full.delivered == wanted ? 0 : 1;
}
