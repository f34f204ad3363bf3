// Secured and Secure: an answer together with what DNSSEC says of it, and the proof that somebody looked.
//
// The mistake that makes DANE worthless is to use an answer whose signature was never checked. So the DNSSEC status is
// part of the type. A function that needs an authenticated answer takes Secure<T>, and a Secure<T> can only be had from
// Secure<T>::check(), which says no to everything that is not secure. Forgetting the check does not compile.
//
// RFC 4033 5 names the four states; RFC 7672 2.1.1 says what a mail client makes of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/instant.h"

namespace danewerk::types {

/// RFC 4033 5, read as RFC 7672 2.1.1 does.
enum class DnssecStatus : std::uint8_t {
  secure,         ///< a chain of signatures from a trust anchor
  insecure,       ///< provably unsigned, or no trust anchor above: handled alike (RES-03)
  bogus,          ///< should be signed, is not validly so
  indeterminate,  ///< could not be found out
};

const char* to_string(DnssecStatus status) noexcept;

/// RFC 8914: why a resolver answered as it did. For people and reports only, never for a decision (RES-19).
struct ExtendedError {
  std::uint16_t code = 0;
  std::string text;  ///< EXTRA-TEXT as received, made printable; may be empty

  /// "6 (DNSSEC Bogus): text"
  std::string to_string() const;
  friend bool operator==(const ExtendedError&, const ExtendedError&) = default;
};

template <class T>
struct Secured {
  T value;
  DnssecStatus status = DnssecStatus::indeterminate;
  Ttl ttl{0};
  Instant asked;  ///< when the answer came in
  std::vector<ExtendedError> extended_errors;

  friend bool operator==(const Secured&, const Secured&) = default;
};

template <class T>
class Secure {
 public:
  /// The only way to a Secure<T>.
  static std::optional<Secure> check(const Secured<T>& answer) {
    if (answer.status != DnssecStatus::secure) return std::nullopt;
    return Secure(answer.value);
  }
  const T& operator*() const noexcept { return value_; }
  const T* operator->() const noexcept { return &value_; }

 private:
  explicit Secure(T value) : value_(std::move(value)) {}
  T value_;
};

}  // namespace danewerk::types
