#include "options.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace danewerk::bench {

void give_up(std::string_view what, int code) {
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(code);
}

namespace {

bool whole_number(std::string_view text, std::int64_t& value) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

}  // namespace

Options::Options(int argc, char** argv, std::string_view usage) {
  for (int at = 1; at < argc; ++at) {
    std::string_view word = argv[at];
    if (word == "--help" || word == "-h") {
      std::fwrite(usage.data(), 1, usage.size(), stdout);
      std::exit(0);
    }
    if (word.substr(0, 2) != "--") give_up("argument '" + std::string(word) + "' is not an option; see --help");
    word.remove_prefix(2);
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos) {
      words_.push_back({std::string(word.substr(0, equals)), std::string(word.substr(equals + 1)), true, false});
    } else if (at + 1 < argc && std::strncmp(argv[at + 1], "--", 2) != 0) {
      words_.push_back({std::string(word), argv[++at], true, false});
    } else {
      words_.push_back({std::string(word), "", false, false});
    }
  }
}

bool Options::flag(std::string_view name) {
  bool present = false;
  for (Word& word : words_) {
    if (word.name != name) continue;
    if (word.has_value) give_up("--" + word.name + " takes no value, found '" + word.value + "'");
    word.used = present = true;
  }
  return present;
}

std::vector<std::string> Options::all(std::string_view name) {
  std::vector<std::string> values;
  for (Word& word : words_) {
    if (word.name != name) continue;
    if (!word.has_value) give_up("--" + word.name + " needs a value");
    word.used = true;
    values.push_back(word.value);
  }
  return values;
}

std::string Options::text(std::string_view name, std::string_view otherwise) {
  const std::vector<std::string> values = all(name);
  if (values.size() > 1) give_up("--" + std::string(name) + " is given " + std::to_string(values.size()) + " times");
  return values.empty() ? std::string(otherwise) : values.front();
}

std::int64_t Options::number(std::string_view name, std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  const std::string given = text(name, "");
  if (given.empty()) return otherwise;
  std::int64_t value = 0;
  if (!whole_number(given, value) || value < low || value > high) {
    give_up("--" + std::string(name) + " must be a whole number from " + std::to_string(low) + " to " +
            std::to_string(high) + ", found '" + given + "'");
  }
  return value;
}

bool Options::on_off(std::string_view name, bool otherwise) {
  const std::string given = text(name, "");
  if (given.empty()) return otherwise;
  if (given != "on" && given != "off") give_up("--" + std::string(name) + " is 'on' or 'off', found '" + given + "'");
  return given == "on";
}

void Options::finish() const {
  for (const Word& word : words_) {
    if (!word.used) give_up("unknown option --" + word.name + "; see --help");
  }
}

Place parse_place(std::string_view text) {
  const std::string whole(text);
  const std::size_t colon = text.rfind(':');
  std::int64_t port = 0;
  if (colon == std::string_view::npos || !whole_number(text.substr(colon + 1), port) || port < 1 || port > 65535) {
    give_up("'" + whole + "' is not ADDRESS:PORT (such as 127.0.0.1:25 or [::1]:25)");
  }
  Place place;
  place.port = static_cast<std::uint16_t>(port);
  std::string_view host = text.substr(0, colon);
  const std::size_t slash = host.find('/');
  if (slash != std::string_view::npos) {
    std::int64_t count = 0;
    if (!whole_number(host.substr(slash + 1), count) || count < 1 || count > 65536) {
      give_up("'" + whole + "': the count after '/' must be 1 to 65536");
    }
    place.count = static_cast<int>(count);
    host = host.substr(0, slash);
  }
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  place.address = std::string(host);
  unsigned char binary[16];
  if (inet_pton(AF_INET, place.address.c_str(), binary) != 1 && inet_pton(AF_INET6, place.address.c_str(), binary) != 1) {
    give_up("'" + whole + "': '" + place.address + "' is no numeric IPv4 or IPv6 address");
  }
  return place;
}

}  // namespace danewerk::bench
