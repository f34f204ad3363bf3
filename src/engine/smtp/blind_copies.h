// BlindCopies: takes the Bcc fields out of a message while its content streams past.
//
// Who submits a message by `danewerk send` names its recipients beside it, as with sendmail(8), and the message may still
// carry the Bcc field its author wrote. Whoever got a copy must not learn from it who else got one blindly (RFC 5322
// 3.6.3). Everything else passes octet for octet; no more than the beginning of one line is held.
//
// RFC 5322 3.6.3, 3.6.6 (Resent-Bcc), 2.2.3 (folding), 4.5 (blanks before the colon), 2.1 (an empty line ends the header).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace danewerk::engine::smtp {

class BlindCopies {
 public:
  /// What goes on of these octets and of what was held; good until the next call, and as long as `octets` are.
  std::string_view pass(std::string_view octets);
  /// The content has ended: what was still held.
  std::string_view rest();

 private:
  enum class At : std::uint8_t { line_start, name, line, body };
  void step(char octet);
  void decide(bool is_blind);

  At at_ = At::line_start;
  bool dropping_ = false;
  std::string held_;  // a line of which it is not known yet what it is
  std::string out_;
};

}  // namespace danewerk::engine::smtp
