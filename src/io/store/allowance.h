// Allowance: so much of something in all, taken and given back by any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace danewerk::io {

class Allowance {
 public:
  explicit Allowance(std::uint64_t all) : left_(static_cast<std::int64_t>(all)) {}

  /// All of `amount` or nothing of it.
  bool take(std::uint64_t amount) noexcept {
    const auto wanted = static_cast<std::int64_t>(amount);
    if (left_.fetch_sub(wanted) >= wanted) return true;
    left_.fetch_add(wanted);
    return false;
  }
  void give_back(std::uint64_t amount) noexcept { left_.fetch_add(static_cast<std::int64_t>(amount)); }

 private:
  std::atomic<std::int64_t> left_;
};

}  // namespace danewerk::io
