// DataReader: takes the message out of a DATA stream: finds the one true end and removes the stuffed dots.
//
// Only CRLF.CRLF ends a message; every other arrangement of dots and line ends is text (and mostly a fault that LineRules
// reports). Framing and judgement are kept apart on purpose: a body with a bare LF is still read to its true end, so
// that what follows it is read as what it is.
//
// The reader holds no octets: it is shown what is there and says how much it used. At most 2 octets (".CR") stay unused
// until more arrives. RFC 5321 4.1.1.4, 4.5.2; SMTP-01.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace danewerk::engine::smtp {

class DataReader {
 public:
  enum class State : std::uint8_t { more, ended };
  struct Step {
    std::string_view text;  ///< message octets, dots unstuffed, part of the input; may be empty
    std::size_t used = 0;   ///< octets of the input that are done with
    State state = State::more;
  };

  /// Reads as far as one view reaches: to the next stuffed dot, the end of the message, or the end of the input. Call
  /// again while `used` is not 0 and the state is `more`.
  Step read(std::string_view input) noexcept;

 private:
  enum class Before : std::uint8_t { line_start, cr, text };
  Before before_ = Before::line_start;
  bool dot_dropped_ = false;  ///< the dot that begins this line is gone; a second one is text
};

}  // namespace danewerk::engine::smtp
