#include "types/rules.h"

namespace danewerk::types {

const char* to_string(DaneMode mode) noexcept {
  switch (mode) {
    case DaneMode::opportunistic: return "opportunistic";
    case DaneMode::mandatory: return "mandatory";
    case DaneMode::none: return "none";
    case DaneMode::audit: return "audit";
  }
  return "opportunistic";
}

const char* to_string(TlsMode mode) noexcept { return mode == TlsMode::require ? "require" : "opportunistic"; }

}  // namespace danewerk::types
