#include "types/queued_message.h"

#include <algorithm>

namespace danewerk::types {

const char* to_string(Origin origin) noexcept {
  switch (origin) {
    case Origin::inbound: return "inbound";
    case Origin::submission: return "submission";
    case Origin::notice: return "notice";
  }
  return "unknown";
}

const char* to_string(ProofState state) noexcept {
  switch (state) {
    case ProofState::none: return "none";
    case ProofState::wanted: return "wanted";
    case ProofState::kept: return "kept";
    case ProofState::failed: return "failed";
  }
  return "unknown";
}

const char* to_string(RecipientState state) noexcept {
  switch (state) {
    case RecipientState::waiting: return "waiting";
    case RecipientState::delivered: return "delivered";
    case RecipientState::failed: return "failed";
    case RecipientState::dropped: return "dropped";
    case RecipientState::held: return "held";
  }
  return "unknown";
}

Result<std::string> parse_code_pattern(std::string_view text) {
  std::string example(text);  // with a digit for each * it must be a code
  for (std::size_t i = 0; i < example.size(); ++i) {
    if (example[i] == '*') example[i] = i == 0 ? '4' : '0';
  }
  const bool open_end = text.ends_with(".*");  // "4.*" has no third part, and means any
  if (open_end && std::count(example.begin(), example.end(), '.') == 1) example += ".0";
  if (EnhancedCode::parse(example)) return std::string(text);
  return fail(ErrorKind::malformed, "'" + std::string(text.substr(0, 40)) + "' is no enhanced code; write one like 4.7.323, or 4.7.* for all of a kind");
}

}  // namespace danewerk::types
