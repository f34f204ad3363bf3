#include "app/danewerk/bulk_progress.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace danewerk::app {
namespace {

constexpr std::chrono::milliseconds on_a_terminal{200};
constexpr std::chrono::seconds in_a_log{10};
constexpr std::size_t bar_width = 24;

}  // namespace

int say_why(const std::string& what, int code) {
  std::cerr << "danewerk: " << what << "\n";
  return code;
}

std::string with_commas(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string progress_line(const BulkTally& tally, std::uint64_t read, std::uint64_t octets, double seconds) {
  std::string out;
  if (octets > 0) {
    const std::size_t percent = static_cast<std::size_t>(std::min<std::uint64_t>(100, read * 100 / octets));
    const std::size_t full = percent * bar_width / 100;
    out = "[" + std::string(full, '#') + std::string(bar_width - full, '.') + "] " + std::string(percent < 10 ? "  " : percent < 100 ? " " : "") +
          std::to_string(percent) + " %  ";
  }
  out += with_commas(tally.rows) + " rows";
  if (seconds >= 1) out += ", " + with_commas(static_cast<std::uint64_t>(static_cast<double>(tally.rows) / seconds)) + "/s";
  return out + ", " + with_commas(tally.failed) + " failed";
}

BulkProgress::BulkProgress(std::uint64_t octets) : octets_(octets), terminal_(::isatty(STDERR_FILENO) == 1) {}

double BulkProgress::seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

void BulkProgress::show(const BulkTally& tally, std::uint64_t read) {
  const auto now = Clock::now();
  const Clock::duration every = terminal_ ? Clock::duration(on_a_terminal) : Clock::duration(in_a_log);
  if (now - shown_ < every) return;
  shown_ = now;
  drawn_ = drawn_ || terminal_;
  std::cerr << (terminal_ ? "\r" : "") << progress_line(tally, read, octets_, seconds()) << (terminal_ ? "\x1b[K" : "\n") << std::flush;
}

void BulkProgress::end() {
  if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace danewerk::app
