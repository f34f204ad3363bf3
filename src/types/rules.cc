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

const char* to_string(RequireTls tag) noexcept {
  switch (tag) {
    case RequireTls::no: return "no";
    case RequireTls::yes: return "yes";
    case RequireTls::waived: return "waived";
  }
  return "no";
}

const char* to_string(TlsMode mode) noexcept { return mode == TlsMode::require ? "require" : "opportunistic"; }

}  // namespace danewerk::types
