#include "reply_reader.h"

namespace danewerk::bench {

namespace {

constexpr std::size_t longest_reply_line = 2000;

int code_of(std::string_view line) {
  if (line.size() < 3) return 0;
  int code = 0;
  for (const char letter : line.substr(0, 3)) {
    if (letter < '0' || letter > '9') return 0;
    code = code * 10 + (letter - '0');
  }
  return code;
}

}  // namespace

std::optional<SmtpReply> ReplyReader::next() {
  std::size_t from = 0;
  while (!broken_) {
    const std::size_t end = pending_.find('\n', from);
    if (end == std::string::npos) {
      broken_ = pending_.size() - from > longest_reply_line;
      break;
    }
    std::string_view line(pending_.data() + from, end - from);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    from = end + 1;
    const int code = code_of(line);
    if (code < 200 || code > 599 || (building_.code != 0 && building_.code != code)) {
      broken_ = true;
      break;
    }
    building_.code = code;
    if (line.size() > 4) building_.text.append(line.substr(4));
    building_.text += '\n';
    if (line.size() > 3 && line[3] == '-') continue;
    pending_.erase(0, from);
    SmtpReply reply = std::move(building_);
    building_ = {};
    return reply;
  }
  pending_.erase(0, from);
  return std::nullopt;
}

}  // namespace danewerk::bench
