#include "engine/smtp/data_reader.h"

#include <cstring>

namespace danewerk::engine::smtp {

DataReader::Step DataReader::read(std::string_view input) noexcept {
  if (input.empty()) return {};
  if (before_ == Before::line_start && !dot_dropped_ && input.front() == '.') {
    if (input == "." || input == ".\r") return {};  // cannot know yet
    if (input.starts_with(".\r\n")) return {{}, 3, State::ended};
    dot_dropped_ = true;
    return {{}, 1, State::more};
  }
  // Text up to the next CRLF that has a dot behind it, or to the end of what is there.
  const char* const begin = input.data();
  const char* const end = begin + input.size();
  const char* at = begin;
  while (at != end) {
    const auto* lf = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    if (lf == nullptr) break;
    const bool after_cr = lf == begin ? before_ == Before::cr : lf[-1] == '\r';
    at = lf + 1;
    if (after_cr && (at == end || *at == '.')) {
      before_ = Before::line_start;
      dot_dropped_ = false;
      const auto used = static_cast<std::size_t>(at - begin);
      return {input.substr(0, used), used, State::more};
    }
  }
  before_ = input.back() == '\r' ? Before::cr : Before::text;
  dot_dropped_ = false;
  return {input, input.size(), State::more};
}

}  // namespace danewerk::engine::smtp
