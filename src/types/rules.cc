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

const char* to_string(StsMode mode) noexcept {
  switch (mode) {
    case StsMode::opportunistic: return "opportunistic";
    case StsMode::mandatory: return "mandatory";
    case StsMode::none: return "none";
    case StsMode::audit: return "audit";
  }
  return "opportunistic";
}

const char* to_string(TlsMode mode) noexcept {
  switch (mode) {
    case TlsMode::opportunistic: return "opportunistic";
    case TlsMode::require: return "require";
    case TlsMode::verify: return "verify";
  }
  return "opportunistic";
}

}  // namespace danewerk::types
