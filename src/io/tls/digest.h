// SHA-256 for parts that are not about certificates: the label of a customer's MX host (types/mx_host_name.h).
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace danewerk::io {

using Sha256 = std::array<std::uint8_t, 32>;

/// FIPS 180-4. Cannot fail.
Sha256 sha256(ByteView octets) noexcept;

}  // namespace danewerk::io
