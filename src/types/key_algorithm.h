// KeyAlgorithm: what kind of key pair serves TLS, and which line it belongs to.
//
// A server has one certificate for each kind of signature a client may ask for, and OpenSSL keeps one of each family: so
// ECDSA and RSA are two lines, each with a key that serves and one that is next. RSA of 2048 and of 3072 bits are one line:
// going from one to the other is a change of keys like any other.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace danewerk::types {

enum class KeyAlgorithm : std::uint8_t { ecdsa_p256, rsa_2048, rsa_3072 };
enum class KeyLine : std::uint8_t { ecdsa, rsa };
inline constexpr std::array all_key_lines{KeyLine::ecdsa, KeyLine::rsa};

constexpr KeyLine line_of(KeyAlgorithm algorithm) noexcept { return algorithm == KeyAlgorithm::ecdsa_p256 ? KeyLine::ecdsa : KeyLine::rsa; }

constexpr const char* to_string(KeyLine line) noexcept { return line == KeyLine::ecdsa ? "ecdsa" : "rsa"; }

constexpr const char* to_string(KeyAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case KeyAlgorithm::ecdsa_p256: return "ecdsa-p256";
    case KeyAlgorithm::rsa_2048: return "rsa-2048";
    case KeyAlgorithm::rsa_3072: break;
  }
  return "rsa-3072";
}

/// Error: malformed, naming those there are.
inline Result<KeyAlgorithm> parse_key_algorithm(std::string_view text) {
  for (const KeyAlgorithm one : {KeyAlgorithm::ecdsa_p256, KeyAlgorithm::rsa_2048, KeyAlgorithm::rsa_3072}) {
    if (text == to_string(one)) return one;
  }
  return fail(ErrorKind::malformed, "'" + std::string(text) + "' is no key algorithm: ecdsa-p256, rsa-2048 or rsa-3072");
}

}  // namespace danewerk::types
