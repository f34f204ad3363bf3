// TlsRequiredField: finds "TLS-Required: No" in a message's header while the message streams past.
//
// The field is a sender's request to send although the destination's TLS is broken: to tell its postmaster that the
// certificate has expired, say (RFC 8689 3). It loosens, so it is read narrowly: only in the header section, only the exact
// name followed by the colon, only the value "No" (in any case, folded or not), and only where the field stands once: two
// fields, or another value, are no request at all. Doubt never means cleartext.
//
// Memory is constant whatever the header holds. Lines end in CRLF; the session lets nothing else through (SMTP-01).
//
// RFC 8689 3, 4.1; RTL-02.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace danewerk::engine::smtp {

class TlsRequiredField {
 public:
  /// The next octets of the message, in pieces of any size.
  void feed(std::string_view octets);
  /// The message ends here: so does a header without a body.
  void finish();

  /// True where the field stands exactly once and says "No". Final after the header's end or finish().
  bool waives() const noexcept { return fields_ == 1 && says_no_; }
  /// How many there are, whatever they say.
  std::size_t count() const noexcept { return fields_; }

 private:
  enum class At : std::uint8_t { line_start, name, value, other, body };
  enum class Word : std::uint8_t { none, open, closed, too_much };

  void step(char octet);
  void take_value(char octet);
  void end_field();

  At at_ = At::line_start;
  bool in_field_ = false;  // the line before belongs to our field: a folded one goes on with it
  std::size_t matched_ = 0;
  Word word_ = Word::none;
  std::string value_;  // the one word, never longer than "no"
  std::size_t fields_ = 0;
  bool says_no_ = false;
};

}  // namespace danewerk::engine::smtp
