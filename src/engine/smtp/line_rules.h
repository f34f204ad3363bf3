// The rule that ends smuggling: in a message, CR and LF appear only together, and NUL never.
//
// Two servers that disagree on what ends a line disagree on where a message ends, and the second half of one message
// becomes a forged other one (CVE-2023-51764 and its kin). So one checker, used for what comes in by DATA, what comes in
// by BDAT and what goes out, watches every octet of every body: it is fed pieces of any size and remembers only whether
// the last octet was a CR. The first fault stays.
//
// RFC 5321 2.3.8, 4.1.1.4; SMTP-01.
#pragma once

#include <cstdint>
#include <string_view>

namespace danewerk::engine::smtp {

enum class LineFault : std::uint8_t { none, bare_cr, bare_lf, nul };
/// "CR without LF" and the like, for replies and logs.
const char* to_string(LineFault fault) noexcept;

class LineRules {
 public:
  /// Looks at the next octets of the body.
  void feed(std::string_view octets) noexcept;
  /// The body ends here: a CR still waiting for its LF is a fault.
  void finish() noexcept;

  LineFault fault() const noexcept { return fault_; }
  /// True before the first octet and after CRLF.
  bool at_line_start() const noexcept { return at_line_start_; }
  /// True where the last octet was a CR whose LF has not come yet.
  bool after_cr() const noexcept { return after_cr_; }

 private:
  LineFault fault_ = LineFault::none;
  bool at_line_start_ = true;
  bool after_cr_ = false;
};

}  // namespace danewerk::engine::smtp
