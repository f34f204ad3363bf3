#include "io/tls/digest.h"

#include <openssl/sha.h>

#include "base/check.h"

namespace danewerk::io {

Sha256 sha256(ByteView octets) noexcept {
  Sha256 out{};
  CHECK(SHA256(octets.data(), octets.size(), out.data()) != nullptr);
  return out;
}

}  // namespace danewerk::io
