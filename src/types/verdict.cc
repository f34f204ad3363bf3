#include "types/verdict.h"

namespace danewerk::types {

const char* to_string(VerdictKind kind) noexcept {
  switch (kind) {
    case VerdictKind::matched: return "matched";
    case VerdictKind::not_matched: return "not-matched";
    case VerdictKind::all_unusable: return "all-unusable";
  }
  return "not-matched";
}

std::string Verdict::to_string() const {
  return failure ? std::string(types::to_string(*failure)) + ": " + reason : reason;
}

}  // namespace danewerk::types
