#include "engine/smtp/blind_copies.h"

namespace danewerk::engine::smtp {
namespace {

/// A field's name that is longer is another's.
constexpr std::size_t longest_name = 64;

bool is_blind(std::string_view name) {
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return lower == "bcc" || lower == "resent-bcc";
}

}  // namespace

std::string_view BlindCopies::pass(std::string_view octets) {
  if (at_ == At::body) return octets;
  out_.clear();
  for (std::size_t at = 0; at < octets.size(); ++at) {
    if (at_ == At::body) {
      out_.append(octets.substr(at));
      break;
    }
    step(octets[at]);
  }
  return out_;
}

std::string_view BlindCopies::rest() {
  out_.swap(held_);
  held_.clear();
  return out_;
}

void BlindCopies::decide(bool is_blind) {
  dropping_ = is_blind;
  if (!dropping_) out_ += held_;
  held_.clear();
  at_ = At::line;
}

void BlindCopies::step(char octet) {
  if (at_ == At::line_start && (octet == ' ' || octet == '\t')) {
    at_ = At::line;  // of the field before
  } else if (at_ == At::line_start || at_ == At::name) {
    at_ = At::name;
    const bool named = octet == ':' && is_blind(held_);
    held_ += octet;
    if (held_ == "\r\n") {
      out_ += held_;
      held_.clear();
      at_ = At::body;
    } else if (octet == ':' || octet == '\n' || held_.size() > longest_name) {
      decide(named);
      if (octet == '\n') at_ = At::line_start;
    }
    return;
  }
  if (!dropping_) out_ += octet;
  if (octet == '\n') at_ = At::line_start;
}

}  // namespace danewerk::engine::smtp
