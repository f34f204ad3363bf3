// store_bench: what durability costs on a real disk.
//
//   store_bench DIRECTORY [one|group|large|queue] [N]
//
// one: accept + delete of 4 KiB, one after the other. group: the same by 32 coroutines. large: bodies of 10 MB. queue:
// accept into, and claim from, a queue of N waiting messages. Prints one line for each; N bounds the count.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "io/runtime/reactor.h"
#include "io/runtime/together.h"
#include "io/store/posix_disk.h"
#include "io/store/test_rig.h"

namespace {

using namespace danewerk;
using Stopwatch = std::chrono::steady_clock;

double seconds_since(Stopwatch::time_point start) { return std::chrono::duration<double>(Stopwatch::now() - start).count(); }

/// Peak resident memory in MiB.
long peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10) / 1024;
  }
  return 0;
}

io::Task<Result<int>> accept_and_end(io::QueueStore& queue, const std::string& body, int count) {
  for (int i = 0; i < count; ++i) {
    CO_TRY(const types::QueueId id, co_await io::test::accept_message(queue, io::test::message_to(1), body, 65536));
    io::Recording recording{id, {"hop0.example"}, io::test::start_of_time, {}, {}, {}};
    recording.results.push_back({0, types::RecipientState::delivered, {}, {2, 0, 0}, "sent", "", ""});
    CO_TRY_VOID(co_await queue.record(std::move(recording)));
  }
  co_return count;
}

io::Task<> many(io::QueueStore& queue, const char* name, std::size_t size, int workers, int each) {
  const std::string body = io::test::octets_of(1, size);
  const auto start = Stopwatch::now();
  std::vector<io::Task<Result<int>>> tasks;
  for (int i = 0; i < workers; ++i) tasks.push_back(accept_and_end(queue, body, each));
  auto results = co_await io::together(std::move(tasks));
  for (auto& result : results) {
    if (!result) std::printf("%s: %s\n", name, result.error().what.c_str());
  }
  const double took = seconds_since(start);
  const int count = workers * each;
  std::printf("%s: %d x %zu octets by %d: %.0f/s durable accept+delete, %.1f MB/s, peak memory %ld MiB\n", name, count, size,
              workers, count / took, count * (static_cast<double>(size) / 1e6) / took, peak_memory());
}

io::Task<Result<int>> accept_only(io::QueueStore& queue, const std::string& body, int from, int count) {
  for (int i = 0; i < count; ++i) {
    types::NewMessage message = io::test::message_to(1, io::test::start_of_time + std::chrono::milliseconds{from + i});
    message.hops[0].text = "hop" + std::to_string((from + i) % 5000) + ".example";
    CO_TRY_VOID(co_await io::test::accept_message(queue, std::move(message), body, 65536));
  }
  co_return count;
}

io::Task<> fill(io::QueueStore& queue, int total) {
  const std::string body = io::test::octets_of(1, 1024);
  const auto start = Stopwatch::now();
  std::vector<io::Task<Result<int>>> tasks;
  for (int i = 0; i < 32; ++i) tasks.push_back(accept_only(queue, body, i * (total / 32), total / 32));
  auto results = co_await io::together(std::move(tasks));
  for (auto& result : results) {
    if (!result) std::printf("fill: %s\n", result.error().what.c_str());
  }
  std::printf("queue: %d accepts of 1 KiB by 32: %.0f/s\n", total, total / seconds_since(start));
}

/// Fifty of the 5,000 lanes.
std::vector<io::LaneWant> lanes_of(int round) {
  std::vector<io::LaneWant> wants;
  for (int i = 0; i < 50; ++i) {
    wants.push_back({{io::test::tenant("contoso"), types::HopKey{"hop" + std::to_string((round * 50 + i) % 5000) + ".example"}}, 2});
  }
  return wants;
}

io::Task<> claim(io::QueueStore& queue) {
  const Instant later = io::test::start_of_time + std::chrono::hours{24};
  double worst = 0;
  const auto start = Stopwatch::now();
  std::size_t claimed = 0;
  for (int i = 0; i < 100; ++i) {
    const auto one = Stopwatch::now();
    auto due = co_await queue.claim(lanes_of(i), later);
    if (due) claimed += due->due.size();
    worst = std::max(worst, seconds_since(one));
  }
  const double took = seconds_since(start);
  std::printf("queue: 100 claims of 100: %zu groups, %.2f ms each, worst %.2f ms\n", claimed, took * 10, worst * 1000);
  const auto before = Stopwatch::now();
  auto lanes = co_await queue.waiting();
  const double next_took = seconds_since(before);
  const auto counting = Stopwatch::now();
  auto counts = co_await queue.counts(later);
  std::printf("queue: %zu lanes in %.2f ms, counts of %llu in %.0f ms\n", lanes ? lanes->size() : 0, next_took * 1000,
              static_cast<unsigned long long>(counts ? counts->waiting : 0), seconds_since(counting) * 1000);
  const auto listing = Stopwatch::now();
  auto listed = co_await queue.list({});
  const double list_took = seconds_since(listing);
  const auto showing = Stopwatch::now();
  if (listed && !listed->empty()) co_await queue.show(listed->back().id);
  std::printf("queue: list of %zu %.2f ms, show %.2f ms\n", listed ? listed->size() : 0, list_took * 1000,
              seconds_since(showing) * 1000);
}

io::Task<> bench(io::QueueStore& queue, std::string_view what, int count) {
  if (what == "one") co_await many(queue, "one by one", 4096, 1, count);
  if (what == "group") co_await many(queue, "in groups", 4096, 32, count / 32);
  if (what == "large") co_await many(queue, "large", 10'000'000, 4, count / 4);
  if (what == "queue") co_await fill(queue, count);
  if (what == "queue") co_await claim(queue);
}

}  // namespace

int main(int argc, char** argv) {
  int count = 20000;
  if (argc < 3 || (argc > 3 && std::from_chars(argv[3], argv[3] + std::strlen(argv[3]), count).ec != std::errc{})) {
    std::fprintf(stderr, "usage: store_bench DIRECTORY one|group|large|queue [N]\n");
    return 3;
  }
  auto store = io::Store::open(std::make_shared<io::PosixDisk>(argv[1]), {});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().what.c_str());
    return 1;
  }
  io::QueueStore queue(**store);
  const auto commits = (*store)->writer().commits();
  io::run_to_end(bench(queue, argv[2], count));
  std::printf("%llu commits\n", static_cast<unsigned long long>((*store)->writer().commits() - commits));
  return 0;
}
