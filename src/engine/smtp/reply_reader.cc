#include "engine/smtp/reply_reader.h"

#include <algorithm>

namespace danewerk::engine::smtp {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Octets of the well-formed printable UTF-8 character at the front; 0 where there is none.
std::size_t printable(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool c1_control = lead == 0xC2 && second < 0xA0;
  const bool odd = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
                   (lead == 0xF4 && second > 0x8F);
  return c1_control || odd ? 0 : length;
}

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = printable(text);
    if (length == 0) {
      out += text.front() == '\t' ? ' ' : '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

const char* to_string(ReplyFault fault) noexcept {
  switch (fault) {
    case ReplyFault::not_a_reply: return "a line that is no reply";
    case ReplyFault::mixed_codes: return "lines of one reply with different codes";
    case ReplyFault::bare_line_end: return "a line that does not end in CR LF, or holds CR or NUL";
    case ReplyFault::too_long: return "a reply longer than is read";
  }
  return "a line that is no reply";
}

/// True where this line ends its reply.
Result<bool, ReplyFault> ReplyReader::take_line(std::string_view line) {
  if (line.find_first_of(std::string_view("\r\0", 2)) != std::string_view::npos) return Failure{ReplyFault::bare_line_end};
  const bool good = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]) &&
                    (line.size() == 3 || line[3] == ' ' || line[3] == '-');
  if (!good) return Failure{ReplyFault::not_a_reply};
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (!lines_.empty() && code != code_) return Failure{ReplyFault::mixed_codes};  // RFC 5321 4.2.1
  code_ = code;
  octets_ += line.size() + 2;
  if (lines_.size() == limits_.lines || octets_ > limits_.total) return Failure{ReplyFault::too_long};
  lines_.push_back(line.size() > 4 ? clean(line.substr(4)) : std::string{});
  return line.size() == 3 || line[3] == ' ';
}

Result<std::optional<types::Reply>, ReplyFault> ReplyReader::next() {
  for (;;) {
    const std::size_t lf = in_.find('\n');
    if (std::min(lf, in_.size()) + 1 > limits_.line) return Failure{ReplyFault::too_long};
    if (lf == std::string::npos) return std::optional<types::Reply>{};
    if (lf == 0 || in_[lf - 1] != '\r') return Failure{ReplyFault::bare_line_end};
    TRY(const bool last, take_line(std::string_view(in_).substr(0, lf - 1)));
    in_.erase(0, lf + 1);
    if (!last) continue;
    types::Reply reply{code_, std::nullopt, std::move(lines_)};
    lines_.clear();
    octets_ = 0;
    return std::optional{std::move(reply)};
  }
}

std::string ReplyReader::leftover() const {
  constexpr std::size_t most = 120;
  return clean(std::string_view(in_).substr(0, std::min(in_.find_first_of("\r\n"), most)));
}

void ReplyReader::clear() {
  in_.clear();
  lines_.clear();
  octets_ = 0;
}

void split_enhanced(types::Reply& reply) {
  for (std::string& line : reply.lines) {
    const std::size_t space = line.find(' ');
    auto code = types::EnhancedCode::parse(std::string_view(line).substr(0, space));
    if (!code || code->klass != reply.code / 100) continue;
    if (!reply.enhanced) reply.enhanced = *code;
    if (*reply.enhanced == *code) line.erase(0, space == std::string::npos ? line.size() : space + 1);
  }
}

}  // namespace danewerk::engine::smtp
