#include "io/runtime/entropy.h"

#include <sys/random.h>

#include <array>
#include <cstring>

#include "base/check.h"

namespace danewerk::io {

std::uint64_t Entropy::number() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> octets{};
  fill(octets);
  std::uint64_t out = 0;
  std::memcpy(&out, octets.data(), sizeof out);
  return out;
}

void KernelEntropy::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    CHECK(n > 0 || errno == EINTR);
    if (n > 0) out = out.subspan(static_cast<std::size_t>(n));
  }
}

void SeededEntropy::fill(std::span<std::uint8_t> out) {
  for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(generator_());
}

}  // namespace danewerk::io
