#include "service/delivery/json_text.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"

namespace danewerk::service {
namespace {

/// Octets that JSON takes as they are (RFC 8259 7); beyond ASCII the library decides.
constexpr std::array<bool, 256> is_plain = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = ' '; c < 0x7f; ++c) out[c] = c != '"' && c != '\\';
  return out;
}();

}  // namespace

JsonText::JsonText() { out_.reserve(usual_size); }

void JsonText::next() {
  if (!std::exchange(first_, false) && !after_key_) out_ += ',';
  after_key_ = false;
}

void JsonText::quote(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return is_plain[static_cast<unsigned char>(c)]; });
  if (!plain) {
    out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out_ += '"';
  out_ += text;
  out_ += '"';
}

JsonText& JsonText::key(std::string_view name) {
  next();
  quote(name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

void JsonText::value(std::string_view text) {
  next();
  quote(text);
}

JsonText& JsonText::open(char bracket) {
  next();
  out_ += bracket;
  ++depth_;
  first_ = true;
  return *this;
}

void JsonText::close(char bracket) {
  CHECK(depth_ > 0 && !after_key_);
  out_ += bracket;
  --depth_;
  first_ = false;
}

std::string JsonText::take() && {
  CHECK(depth_ == 0 && !after_key_);
  return std::move(out_);
}

}  // namespace danewerk::service
