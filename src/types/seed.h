// Seed: where chance comes from in a machine that must be repeatable.
//
// Equal MX preferences are shuffled and retries are spread (RFC 5321 5.1, 4.5.4.1), yet an engine draws no random
// numbers: the caller hands it a seed, records it, and the same seed gives the same plan again. The generator is
// SplitMix64, written out here because the standard library's distributions differ between implementations.
#pragma once

#include <cstdint>

namespace danewerk::types {

enum class Seed : std::uint64_t {};

class Chance {
 public:
  explicit constexpr Chance(Seed seed) : state_(static_cast<std::uint64_t>(seed)) {}

  /// A number from 0 to `bound - 1`; 0 where `bound` is 0. The bias is below 2^-32 for any bound used here.
  constexpr std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

 private:
  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace danewerk::types
