// Canonical forms: what of a message is signed, when relays may touch its white space.
//
// "simple" is the octets themselves but for empty lines at the end; "relaxed" also survives refolded headers, changed case of
// field names and white space at line ends. The body's form is made while the body streams past, in pieces of any size, with a
// few octets of state: memory does not grow with the message.
//
// A lone CR or LF is an octet like any other; the edge lets none through.
//
// RFC 6376 3.4.1 to 3.4.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace danewerk::dkim {

enum class Canonical : std::uint8_t { simple, relaxed };

const char* to_string(Canonical form) noexcept;

/// One header field with its folding, with or without its last CRLF; the result keeps that CRLF or its absence.
/// RFC 6376 3.4.1, 3.4.2.
std::string canonical_field(Canonical form, std::string_view field);

/// RFC 6376 3.4.3, 3.4.4. feed() any number of times, finish() once.
class BodyForm {
 public:
  explicit BodyForm(Canonical form) noexcept : form_(form) {}
  /// Appends to `out` what is certain of the canonical body after these octets.
  void feed(std::string_view octets, std::string& out);
  /// Appends the rest.
  void finish(std::string& out);

 private:
  void content(std::string_view octets, std::string& out);

  Canonical form_;
  bool cr_ = false;      // a CR whose LF may follow
  bool blank_ = false;   // white space that may end its line (relaxed)
  bool any_ = false;     // some content was put out
  std::uint64_t lines_ = 0;  // line ends that may be the last ones
};

}  // namespace danewerk::dkim
