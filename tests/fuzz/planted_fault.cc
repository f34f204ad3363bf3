// A target that is broken on purpose: the replay must find it (ctest fuzz_replay_catches), or every green fuzz test says
// nothing. No octet 0xFF stands in the file it is given; only a mutation can bring one.
#include <algorithm>
#include <cstdint>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CHECK(std::find(data, data + size, 0xFF) == data + size);
  return 0;
}
