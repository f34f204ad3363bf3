#include "engine/smtp/message_id_reader.h"

namespace danewerk::engine::smtp {
namespace {

constexpr std::string_view field = "message-id";
constexpr std::size_t longest_value = 2000;  // with folding and comments around the id

char lower(char octet) { return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + ('a' - 'A')) : octet; }

}  // namespace

void MessageIdReader::feed(std::string_view octets) {
  for (const char octet : octets) {
    if (at_ == At::done) return;
    step(octet);
  }
}

void MessageIdReader::step(char octet) {
  if (octet == '\n') {
    if (empty_line_) at_ = At::done;
    line_start_ = empty_line_ = true;
    return;
  }
  if (octet == '\r') return;
  empty_line_ = false;
  if (line_start_) {
    line_start_ = false;
    line_begins(octet);
  }
  switch (at_) {
    case At::name:
      if (matched_ < field.size() && lower(octet) == field[matched_]) {
        ++matched_;
        if (matched_ == field.size()) at_ = At::before_colon;
      } else {
        at_ = At::other;
      }
      break;
    case At::before_colon:  // RFC 5322 4.5.8: white space before the colon was allowed once
      if (octet == ':') {
        at_ = At::value;
      } else if (octet != ' ' && octet != '\t') {
        at_ = At::other;
      }
      break;
    case At::value:
      if (value_.size() < longest_value) value_.push_back(octet);
      break;
    case At::other:
    case At::done: break;
  }
}

/// A line that begins with white space continues the field above it; any other begins a field of its own.
void MessageIdReader::line_begins(char octet) {
  const bool continues = octet == ' ' || octet == '\t';
  if (continues && at_ != At::name) return;
  if (at_ == At::value && !id_of(value_).empty()) {
    at_ = At::done;
    return;
  }
  value_.clear();
  matched_ = 0;
  at_ = continues ? At::other : At::name;
}

std::string MessageIdReader::id_of(std::string_view value) {
  const std::size_t open = value.find('<');
  if (open != std::string_view::npos) {
    const std::size_t close = value.find('>', open);
    value = value.substr(open + 1, close == std::string_view::npos ? std::string_view::npos : close - open - 1);
  }
  std::string out;
  for (const char octet : value) {
    const auto code = static_cast<unsigned char>(octet);
    if (code > ' ' && code != 0x7f && out.size() < longest) out.push_back(octet);
  }
  return out;
}

}  // namespace danewerk::engine::smtp
