// store_sim: power failures against the store, seed by seed.
//
//   store_sim [--seeds N] [--first SEED] [--lives N]
//
// Exit 0 if every promise was kept; 1 and the seed if not (run it again with --first SEED --seeds 1); 3 for bad arguments.
#include <charconv>
#include <cstdio>
#include <cstring>

#include "store_world.h"

namespace {

bool number_after(int argc, char** argv, int& i, std::uint64_t& into) {
  if (i + 1 >= argc) return false;
  const char* text = argv[++i];
  const char* end = text + std::strlen(text);
  return std::from_chars(text, end, into).ptr == end && end != text;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 400;
  std::uint64_t first = 1;
  std::uint64_t lives = 4;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    std::uint64_t* into = option == "--seeds" ? &seeds : option == "--first" ? &first : option == "--lives" ? &lives : nullptr;
    if (into == nullptr || !number_after(argc, argv, i, *into)) {
      std::fprintf(stderr, "store_sim: '%s' is not understood; usage: store_sim [--seeds N] [--first SEED] [--lives N]\n", argv[i]);
      return 3;
    }
  }
  std::uint64_t promised = 0;
  std::uint64_t ended = 0;
  std::uint64_t cuts = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    danewerk::sim::StoreWorld world(seed);
    const std::string broken = world.live(static_cast<int>(lives));
    promised += world.promised();
    ended += world.ended();
    cuts += world.power_cuts();
    refused += world.refused();
    if (!broken.empty()) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), broken.c_str());
      return 1;
    }
  }
  std::printf("%llu worlds, %llu power cuts: %llu messages promised, %llu refused, %llu recipients ended durably; nothing lost,"
              " nothing half there, nothing resurrected\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(cuts),
              static_cast<unsigned long long>(promised), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(ended));
  return promised == 0 || ended == 0 || refused == 0 ? 1 : 0;  // a simulation that promises nothing proves nothing
}
