#include "types/outcome.h"

namespace danewerk::types {

const char* to_string(Disposition disposition) noexcept {
  switch (disposition) {
    case Disposition::delivered: return "delivered";
    case Disposition::deferred: return "deferred";
    case Disposition::failed: return "failed";
  }
  return "deferred";
}

const char* to_string(Assurance assurance) noexcept {
  switch (assurance) {
    case Assurance::cleartext: return "cleartext";
    case Assurance::encrypted: return "encrypted";
    case Assurance::host_authenticated: return "host_authenticated";
    case Assurance::next_hop_authenticated: return "next_hop_authenticated";
  }
  return "cleartext";
}

}  // namespace danewerk::types
