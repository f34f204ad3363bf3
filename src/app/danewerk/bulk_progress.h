// What a long command shows while it runs: a bar on a terminal, a line now and then in a log; on standard error, so that the
// answer itself can be piped.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace danewerk::app {

struct BulkTally {
  std::uint64_t rows = 0, added = 0, changed = 0, unchanged = 0, failed = 0;
};

class BulkProgress {
 public:
  /// `octets` of the whole file, 0 where nobody knows.
  explicit BulkProgress(std::uint64_t octets);
  /// `read` octets so far.
  void show(const BulkTally& tally, std::uint64_t read);
  /// Clears the bar.
  void end();
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t octets_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point shown_ = began_;
};

/// "[#########...............]  38 %  380,112 rows, 21,300/s, 12 failed"
std::string progress_line(const BulkTally& tally, std::uint64_t read, std::uint64_t octets, double seconds);
/// On standard error, as every command complains; gives `code` back.
int say_why(const std::string& what, int code);
/// "1,234,567"
std::string with_commas(std::uint64_t number);

}  // namespace danewerk::app
