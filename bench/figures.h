#pragma once
// What a bench program measures about itself and how it says it: latencies, CPU time, one JSON object on stdout.
//
// Without one place for this, two programs would compute "p99" or "CPU" differently and their records could not be
// divided by each other. Percentiles are exact (nearest rank over every sample kept, 4 bytes each in microseconds), not
// from buckets. CPU is user + system of the whole process as the kernel counts it. On loopback the receiving half of
// TCP runs in the sender's system call and is charged to the sender; that is so for every server measured here alike.
//
// Units: latencies in, microseconds; latencies out, milliseconds; CPU in seconds.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace danewerk::bench {

using Instant = std::chrono::steady_clock::time_point;

double seconds_between(Instant from, Instant to);

// Seconds since the epoch: to line up records of several programs on one machine.
double wall_clock_seconds();

class Latencies {
 public:
  void add(Instant from, Instant to);
  std::size_t count() const { return microseconds_.size(); }
  // Nearest rank, 0 < share <= 1, in milliseconds; 0 if there is no sample.
  double percentile_ms(double share);
  double max_ms();

 private:
  void sort();
  std::vector<std::uint32_t> microseconds_;
  bool sorted_ = true;
};

struct CpuTime {
  double user = 0;
  double system = 0;
  double total() const { return user + system; }
};
CpuTime process_cpu();
CpuTime operator-(CpuTime later, CpuTime earlier);

// CPU seconds of the calling thread, with nanosecond resolution.
double thread_cpu_seconds();

// One flat or nested JSON object, keys in order of insertion. Strings are escaped; numbers must be finite.
class Record {
 public:
  Record& put(std::string_view key, std::string_view text);
  Record& put(std::string_view key, const char* text) { return put(key, std::string_view(text)); }
  Record& put(std::string_view key, double number);
  Record& put(std::string_view key, std::int64_t number);
  Record& put(std::string_view key, std::uint64_t number) { return put(key, static_cast<std::int64_t>(number)); }
  Record& put(std::string_view key, int number) { return put(key, static_cast<std::int64_t>(number)); }
  Record& put(std::string_view key, bool truth);
  Record& put(std::string_view key, const Record& nested);
  Record& put(std::string_view key, Latencies& latencies);
  std::string json() const { return "{" + fields_ + "}"; }

 private:
  void key(std::string_view name);
  std::string fields_;
};

}  // namespace danewerk::bench
