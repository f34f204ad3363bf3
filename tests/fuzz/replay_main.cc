// The main program of a fuzz target where there is no libFuzzer: it replays the corpus, and seeded mutations of it.
//
//   certificate_fuzz [--mutations N] [--seconds S] [--seed N] FILE-OR-FOLDER...
//
// Every file is run as it stands, then N mutations of it (default 300). Mutation k of a file depends on the seed, the
// file's name and octets and k, and on nothing else but its neighbours in the corpus (which it may borrow from): a
// failure comes back at every run. Only how many are run may differ: the files share S seconds (default 15), so that the
// test stays a test on a slow machine and under sanitizers; what was left out is printed. Every file itself is always run.
// When the target aborts or a sanitizer ends the process, the input is written to `failed-input` in the current folder,
// with a line that names the file and the mutation. Put that file, made small, into the corpus once the fault is mended.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t longest_input = 65536;

struct Seed {
  std::string name;
  std::string octets;
};

struct Settings {
  std::uint64_t mutations = 300;
  std::uint64_t seconds = 15;
  std::uint64_t seed = 1;
  std::vector<std::filesystem::path> paths;
};

// What is being run, for the last words of a dying process: set before each run, read by a signal handler.
const std::string* running = nullptr;
char running_name[512];

void say(std::string_view text) { static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size())); }

void last_words() {
  if (running == nullptr) return;
  const std::string& input = *running;
  running = nullptr;
  say("replay: the target fails on ");
  say(running_name);
  const int file = ::open("failed-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool kept = file >= 0 && ::write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size());
  say(kept ? "; the input is in ./failed-input\n" : "; the input could not be written to ./failed-input\n");
}

void on_signal(int) {
  last_words();
  ::_exit(1);
}

void run(const std::string& input) {
  // A copy of exactly this size on the heap: reading past the end of it is then visible to AddressSanitizer.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  running = &input;
  const int result = LLVMFuzzerTestOneInput(exact.data(), exact.size());
  if (result != 0) on_signal(0);
  running = nullptr;
}

/// splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound); }

 private:
  std::uint64_t state_;
};

std::uint64_t digest(std::string_view text, std::uint64_t start) {
  for (const char c : text) start = (start ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return start;
}

/// A place and a length inside `text`, short lengths preferred.
struct Span {
  std::size_t at, length;
};
Span some_span(std::string_view text, Random& random) {
  const std::size_t at = random.below(text.size());
  const std::size_t most = std::min<std::size_t>(text.size() - at, random.below(4) == 0 ? text.size() : 8);
  return {at, std::min(text.size() - at, 1 + random.below(most))};
}

void mutate_once(std::string& input, const std::vector<Seed>& seeds, Random& random) {
  static constexpr std::string_view sharp[] = {
      {"\0", 1}, {"\xFF", 1},   {"\r", 1},     {"\n", 1},        {"\r\n", 2},     {".\r\n", 3}, {"\r\n.\r\n", 5},       {"\x7F", 1},
      {"\x80", 1}, {"\xC0\x0C", 2}, {"\xFF\xFF", 2}, {"\x7F\xFF", 2}, {"\0\0\0\0", 4}, {" ", 1},     {"-1", 2}, {"99999999999999999999", 20}};
  if (input.empty()) input.push_back(static_cast<char>(random.next()));
  const auto [at, length] = some_span(input, random);
  switch (random.below(9)) {
    case 0: input[at] = static_cast<char>(input[at] ^ (1 << random.below(8))); break;
    case 1: input[at] = static_cast<char>(random.next()); break;
    case 2: input[at] = static_cast<char>(input[at] + (random.below(2) == 0 ? 1 : -1)); break;
    case 3: input.erase(at, length); break;
    case 4: input.insert(random.below(input.size() + 1), input.substr(at, length)); break;
    case 5: input.insert(at, sharp[random.below(std::size(sharp))]); break;
    case 6: {
      const std::string_view put = sharp[random.below(std::size(sharp))];
      input.replace(at, put.size(), put);
      break;
    }
    case 7: input.resize(at); break;
    default: {
      const std::string& other = seeds[random.below(seeds.size())].octets;
      if (other.empty()) break;
      const Span part = some_span(other, random);
      input.insert(at, other, part.at, part.length);
    }
  }
}

std::string mutation(const Seed& seed, const std::vector<Seed>& seeds, std::uint64_t number, std::uint64_t key) {
  Random random(digest(seed.octets, digest(seed.name, key)) + number * 0x2545F4914F6CDD1D);
  std::string input = seed.octets;
  for (std::size_t left = 1 + random.below(5); left > 0; --left) mutate_once(input, seeds, random);
  input.resize(std::min(input.size(), longest_input));
  return input;
}

bool read_number(const char* text, std::uint64_t& number) {
  const char* end = text + std::strlen(text);
  const auto [stop, fault] = std::from_chars(text, end, number);
  return fault == std::errc{} && stop == end;
}

bool read_arguments(int count, char** words, Settings& settings) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    std::uint64_t* number = word == "--mutations" ? &settings.mutations
                            : word == "--seconds" ? &settings.seconds
                            : word == "--seed"    ? &settings.seed
                                                  : nullptr;
    if (number != nullptr) {
      if (++i == count || !read_number(words[i], *number)) {
        std::fprintf(stderr, "replay: a number must follow %s\n", words[i - 1]);
        return false;
      }
    } else {
      settings.paths.emplace_back(word);
    }
  }
  if (settings.paths.empty()) std::fprintf(stderr, "usage: %s [--mutations N] [--seconds S] [--seed N] FILE-OR-FOLDER...\n", words[0]);
  return !settings.paths.empty();
}

bool add_file(const std::filesystem::path& path, std::vector<Seed>& seeds) {
  std::ifstream file(path, std::ios::binary);
  Seed seed{path.filename().string(), {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
  if (!file) {
    std::fprintf(stderr, "replay: cannot read %s\n", path.c_str());
    return false;
  }
  seeds.push_back(std::move(seed));
  return true;
}

bool read_seeds(const Settings& settings, std::vector<Seed>& seeds) {
  for (const std::filesystem::path& path : settings.paths) {
    std::error_code fault;
    std::vector<std::filesystem::path> files{path};
    if (std::filesystem::is_directory(path, fault)) {
      files.clear();
      for (std::filesystem::directory_iterator entry(path, fault), end; !fault && entry != end; entry.increment(fault)) {
        files.push_back(entry->path());
      }
      std::sort(files.begin(), files.end());
    }
    for (const std::filesystem::path& file : files) {
      if (!add_file(file, seeds)) return false;
    }
  }
  if (seeds.empty()) std::fprintf(stderr, "replay: the corpus is empty: nothing would be tested\n");
  return !seeds.empty();
}

}  // namespace

int main(int count, char** words) {
  Settings settings;
  std::vector<Seed> seeds;
  if (!read_arguments(count, words, settings) || !read_seeds(settings, seeds)) return 2;
  std::signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(last_words);
  } else {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, on_signal);
  }

  for (const Seed& seed : seeds) {
    std::snprintf(running_name, sizeof running_name, "%s as it stands", seed.name.c_str());
    run(seed.octets);
  }
  using Clock = std::chrono::steady_clock;
  const auto started = Clock::now();
  const auto share = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(settings.seconds)) / seeds.size();
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    const auto until = started + share * static_cast<Clock::rep>(i + 1);
    for (std::uint64_t number = 0; number < settings.mutations && Clock::now() < until; ++number, ++done) {
      std::snprintf(running_name, sizeof running_name, "%s, mutation %llu of seed %llu", seeds[i].name.c_str(),
                    static_cast<unsigned long long>(number), static_cast<unsigned long long>(settings.seed));
      run(mutation(seeds[i], seeds, number, settings.seed));
    }
  }
  std::printf("replay: %zu files, %llu of %llu mutations (seed %llu)\n", seeds.size(), static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(settings.mutations * seeds.size()), static_cast<unsigned long long>(settings.seed));
  return 0;
}
