#pragma once
// Command lines of the bench programs.
//
// The four programs (load, sink, handshake, canned) are driven by bench/compare and by hand. A mistyped option that is
// silently ignored would make a measurement of something else than what its record claims, which is worse than no
// measurement; so every option is asked for by name, and finish() refuses whatever nobody asked for.
//
// Forms: `--name value`, `--name=value`, and `--name` alone for a flag. An option may be repeated (all()).
// Invariant: after finish() every word of the command line was used by exactly one question.
// Errors end the program with exit code 2 and one line saying what, where and what to do: these are tools, not library.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace danewerk::bench {

// Prints `program: what` on stderr and ends with exit code 2 (bad input) or `code`.
[[noreturn]] void give_up(std::string_view what, int code = 2);

class Options {
 public:
  // `usage` is printed for --help, which then ends the program with exit code 0.
  Options(int argc, char** argv, std::string_view usage);

  bool flag(std::string_view name);
  std::string text(std::string_view name, std::string_view otherwise);
  std::vector<std::string> all(std::string_view name);
  // A whole number within [low, high]; anything else is refused with the range in the message.
  std::int64_t number(std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high);
  // `on` or `off`.
  bool on_off(std::string_view name, bool otherwise);
  // Refuses what is left over.
  void finish() const;

 private:
  struct Word {
    std::string name;
    std::string value;
    bool has_value = false;
    bool used = false;
  };
  std::vector<Word> words_;
};

// One IPv4 or IPv6 endpoint in numbers: `127.0.0.1:25`, `[::1]:25`. `count` > 1 for `127.3.0.1/100:25`: that many
// consecutive addresses from the first.
struct Place {
  std::string address;
  std::uint16_t port = 0;
  int count = 1;
};
Place parse_place(std::string_view text);

}  // namespace danewerk::bench
