#include "types/queued_message.h"

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
  }
  return "unknown";
}

}  // namespace danewerk::types
