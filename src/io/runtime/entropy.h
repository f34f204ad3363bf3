// Entropy: where randomness comes from. A seam: the program takes it from the kernel, tests from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace danewerk::io {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
  std::uint64_t number();
};

/// getrandom(2). Thread safe.
class KernelEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

/// The same octets for the same seed, for ever. Not thread safe.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : generator_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::mt19937_64 generator_;
};

}  // namespace danewerk::io
