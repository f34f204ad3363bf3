// ReplyReader: replies out of the octets a server sends.
//
// Strict where sloppiness would let two readings exist (line ends, the same code on every line), kind about text:
// missing, not ASCII, longer than 512 octets. Bounded in lines and octets (ReplyLimits): a server cannot make us hold
// more. Control characters and malformed UTF-8 in text become '?', because it ends up in logs and bounces.
// RFC 5321 4.2, 4.2.1; RFC 2034 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/smtp/limits.h"
#include "types/reply.h"

namespace danewerk::engine::smtp {

enum class ReplyFault : std::uint8_t {
  not_a_reply,    ///< no code from 200 to 599 with a space, a hyphen or nothing behind it
  mixed_codes,    ///< lines of one reply with different codes
  bare_line_end,  ///< LF without CR, or CR or NUL within a line
  too_long,       ///< ReplyLimits
};
/// For people: "a line that does not end in CR LF, or holds CR or NUL".
const char* to_string(ReplyFault fault) noexcept;

class ReplyReader {
 public:
  explicit ReplyReader(ReplyLimits limits) : limits_(limits) {}

  void received(std::string_view octets) { in_.append(octets); }
  /// The next whole reply; nothing while it is incomplete. After a fault the reader is of no more use.
  Result<std::optional<types::Reply>, ReplyFault> next();
  /// True where octets wait that next() has not made a reply of.
  bool has_leftover() const noexcept { return !in_.empty() || !lines_.empty(); }
  /// The beginning of what next() made no reply of, cleaned as text is; after a fault: the line at fault.
  std::string leftover() const;
  void clear();

 private:
  Result<bool, ReplyFault> take_line(std::string_view line);

  ReplyLimits limits_;
  std::string in_;
  int code_ = 0;
  std::size_t octets_ = 0;  // of the reply being collected
  std::vector<std::string> lines_;
};

/// Moves "5.7.1" at the front of the lines into `enhanced`, if its class fits the code. Not for greetings and EHLO.
void split_enhanced(types::Reply& reply);

}  // namespace danewerk::engine::smtp
