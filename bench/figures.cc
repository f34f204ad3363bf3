#include "figures.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace danewerk::bench {

double seconds_between(Instant from, Instant to) { return std::chrono::duration<double>(to - from).count(); }

double wall_clock_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void Latencies::add(Instant from, Instant to) {
  const auto span = std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
  const auto most = static_cast<long long>(std::numeric_limits<std::uint32_t>::max());
  microseconds_.push_back(static_cast<std::uint32_t>(std::clamp<long long>(span, 0, most)));
  sorted_ = false;
}

void Latencies::sort() {
  if (!sorted_) std::sort(microseconds_.begin(), microseconds_.end());
  sorted_ = true;
}

double Latencies::percentile_ms(double share) {
  if (microseconds_.empty()) return 0;
  sort();
  const double rank = std::ceil(share * static_cast<double>(microseconds_.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return microseconds_[std::min(index, microseconds_.size() - 1)] / 1000.0;
}

double Latencies::max_ms() { return percentile_ms(1.0); }

namespace {

double seconds_of(const timeval& span) { return static_cast<double>(span.tv_sec) + static_cast<double>(span.tv_usec) / 1e6; }

std::string escaped(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(letter)));
      out += hex;
    } else {
      out += letter;
    }
  }
  return out + "\"";
}

}  // namespace

CpuTime process_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {seconds_of(usage.ru_utime), seconds_of(usage.ru_stime)};
}

CpuTime operator-(CpuTime later, CpuTime earlier) {
  return {later.user - earlier.user, later.system - earlier.system};
}

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void Record::key(std::string_view name) {
  if (!fields_.empty()) fields_ += ", ";
  fields_ += escaped(name) + ": ";
}

Record& Record::put(std::string_view name, std::string_view text) {
  key(name);
  fields_ += escaped(text);
  return *this;
}

Record& Record::put(std::string_view name, double number) {
  key(name);
  char text[40];
  std::snprintf(text, sizeof text, "%.6f", std::isfinite(number) ? number : 0.0);
  fields_ += text;
  return *this;
}

Record& Record::put(std::string_view name, std::int64_t number) {
  key(name);
  fields_ += std::to_string(number);
  return *this;
}

Record& Record::put(std::string_view name, bool truth) {
  key(name);
  fields_ += truth ? "true" : "false";
  return *this;
}

Record& Record::put(std::string_view name, const Record& nested) {
  key(name);
  fields_ += nested.json();
  return *this;
}

Record& Record::put(std::string_view name, Latencies& latencies) {
  Record spread;
  spread.put("samples", static_cast<std::int64_t>(latencies.count()));
  spread.put("p50", latencies.percentile_ms(0.50)).put("p95", latencies.percentile_ms(0.95));
  spread.put("p99", latencies.percentile_ms(0.99)).put("max", latencies.max_ms());
  return put(name, spread);
}

}  // namespace danewerk::bench
