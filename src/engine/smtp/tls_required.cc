#include "engine/smtp/tls_required.h"

namespace danewerk::engine::smtp {
namespace {

constexpr std::string_view field_name = "tls-required:";
constexpr std::string_view wanted_value = "no";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

void TlsRequiredField::feed(std::string_view octets) {
  while (!octets.empty() && at_ != At::body) {
    if (at_ == At::other) {  // the usual case by far
      const std::size_t end = octets.find('\n');
      if (end == std::string_view::npos) return;
      octets.remove_prefix(end);
    }
    step(octets.front());
    octets.remove_prefix(1);
  }
}

void TlsRequiredField::finish() {
  if (at_ != At::body) end_field();
  at_ = At::body;
}

void TlsRequiredField::step(char octet) {
  if (at_ == At::line_start) {
    if (is_blank(octet)) {  // RFC 5322 2.2.3
      at_ = in_field_ ? At::value : At::other;
      if (in_field_) take_value(octet);
      return;
    }
    end_field();
    if (octet == '\r') {  // an empty line ends the header
      at_ = At::body;
      return;
    }
    matched_ = 0;
    at_ = At::name;
  }
  if (octet == '\n') {
    at_ = At::line_start;
  } else if (at_ == At::name) {
    if (lower(octet) != field_name[matched_]) {
      at_ = At::other;
    } else if (++matched_ == field_name.size()) {
      in_field_ = true;
      word_ = Word::none;
      value_.clear();
      at_ = At::value;
    }
  } else if (at_ == At::value) {
    take_value(octet);
  }
}

void TlsRequiredField::take_value(char octet) {
  if (octet == '\r') return;
  if (is_blank(octet)) {
    if (word_ == Word::open) word_ = Word::closed;
  } else if (word_ == Word::closed || value_.size() == wanted_value.size()) {
    word_ = Word::too_much;
  } else if (word_ != Word::too_much) {
    word_ = Word::open;
    value_.push_back(lower(octet));
  }
}

void TlsRequiredField::end_field() {
  if (!in_field_) return;
  in_field_ = false;
  ++fields_;
  says_no_ = word_ != Word::too_much && value_ == wanted_value;
}

}  // namespace danewerk::engine::smtp
