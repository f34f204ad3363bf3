// Header: the fields of a message's header, taken from the stream in front of its body.
//
// A signer must have seen the whole header (whose mail is it, which fields are there) before it can say anything, but bodies
// stream. HeaderReader keeps the header, up to a bound, and says where the body begins; nothing of the body is kept.
//
// RFC 5322 2.1 (an empty line at the very beginning: no header at all), 2.2 (fields and folding).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace danewerk::dkim {

struct HeaderField {
  std::string name;  ///< lower case
  std::string text;  ///< as in the message, folding and last CRLF included

  /// What follows the colon, without the last CRLF.
  std::string_view value() const;
  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

/// Lines of a header, each ending in CRLF, to its fields in order. Lines that belong to no field are left out.
std::vector<HeaderField> header_fields(std::string_view lines);

class HeaderReader {
 public:
  enum class State : std::uint8_t { header, body, too_long };
  /// Keeps at most so many octets, the empty line included.
  explicit HeaderReader(std::size_t limit = 128 * 1024) : limit_(limit) {}

  /// Takes the next octets of the message; those behind the header are returned, as part of the argument.
  std::string_view feed(std::string_view octets);
  State state() const noexcept { return state_; }
  /// The header as far as it has come; whole once state() is body, or at the message's end.
  const std::string& lines() const noexcept { return lines_; }

 private:
  std::size_t limit_;
  State state_ = State::header;
  std::string lines_;
};

/// Domains of the mailboxes in a From field's value, as written (U-labels too), in order. Comments, quoted strings, groups and
/// routes are understood; what is no mailbox list yields nothing. RFC 5322 3.4, 3.6.2; RFC 6532.
std::vector<std::string> author_domains(std::string_view from_value);

}  // namespace danewerk::dkim
