#include "engine/dkim/header.h"

#include <algorithm>

#include "engine/dkim/blanks.h"

namespace danewerk::dkim {

std::string_view HeaderField::value() const {
  std::string_view out = text;
  out.remove_prefix(std::min(out.size(), out.find(':') + 1));
  if (out.ends_with("\r\n")) out.remove_suffix(2);
  return out;
}

std::vector<HeaderField> header_fields(std::string_view lines) {
  std::vector<HeaderField> out;
  enum class Last : std::uint8_t { field, nothing } last = Last::nothing;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end == std::string_view::npos ? end : end + 2);
    lines.remove_prefix(line.size());
    if (line.front() == ' ' || line.front() == '\t') {
      if (last == Last::field) out.back().text += line;
      continue;
    }
    const std::size_t colon = line.find(':');
    last = colon == std::string_view::npos || colon == 0 ? Last::nothing : Last::field;
    if (last == Last::nothing) continue;
    std::string name;
    for (const char c : line.substr(0, colon)) name.push_back(lower(c));
    while (!name.empty() && is_blank(name.back())) name.pop_back();  // RFC 5322 4.5
    out.push_back({std::move(name), std::string(line)});
  }
  return out;
}

std::string_view HeaderReader::feed(std::string_view octets) {
  if (state_ == State::body) return octets;
  if (state_ == State::too_long) return {};
  const std::size_t before = lines_.size();
  lines_ += octets.substr(0, limit_ - before);
  if (lines_.starts_with("\r\n")) {
    state_ = State::body;
    lines_.clear();
    return octets.substr(2 - before);
  }
  const std::size_t end = lines_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (lines_.size() == limit_) {
      state_ = State::too_long;
      lines_.clear();
    }
    return {};
  }
  state_ = State::body;
  lines_.resize(end + 2);
  return octets.substr(end + 4 - before);
}

namespace {

/// Walks an address list and keeps what stands behind the last '@' of each mailbox.
class Authors {
 public:
  explicit Authors(std::string_view text) : text_(text) {}

  std::vector<std::string> read() {
    for (; at_ < text_.size() && sound_; ++at_) step(text_[at_]);
    finish_one();
    return sound_ && depth_ == 0 && !angle_ ? std::move(found_) : std::vector<std::string>{};
  }

 private:
  void step(char c) {
    if (depth_ > 0) return in_comment(c);
    switch (c) {
      case '(': ++depth_; return;
      case '"': return skip_quoted();
      case '<':
        sound_ = !angle_;
        angle_ = true;
        address_.clear();
        return;
      case '>':
        sound_ = angle_;
        angle_ = false;
        closed_ = true;
        return;
      case ':':  // a group's name ends, or a source route inside <>
        address_.clear();
        return;
      case ',':
        if (angle_) return address_.clear();  // of a source route
        return finish_one();
      case ';': return finish_one();
      default:
        if (!is_blank(c) && !closed_) address_.push_back(c);
    }
  }
  void in_comment(char c) {
    if (c == '\\') ++at_;
    if (c == '(') ++depth_;
    if (c == ')') --depth_;
  }
  void skip_quoted() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    sound_ = at_ < text_.size();
    if (!closed_) address_.push_back('"');
  }
  void finish_one() {
    const std::size_t sign = address_.rfind('@');
    if (sign != std::string::npos && sign + 1 < address_.size()) found_.push_back(address_.substr(sign + 1));
    else if (!address_.empty() || closed_) sound_ = false;
    address_.clear();
    closed_ = false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool angle_ = false, closed_ = false, sound_ = true;
  std::string address_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> author_domains(std::string_view from_value) { return Authors(from_value).read(); }

}  // namespace danewerk::dkim
