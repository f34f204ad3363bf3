// DataWriter: a message on its way out: dots stuffed, and never a CR or LF that stands alone.
//
// We are nobody's smuggler (SMTP-01): an octet that would be a bare CR, a bare LF or NUL stops the message before it is
// sent; the connection must then be dropped, because a DATA body cannot be taken back. Give pieces of any size; a CR at
// the end of one waits for the next. RFC 5321 4.5.2, 2.3.8.
#pragma once

#include <string>
#include <string_view>

#include "engine/smtp/line_rules.h"

namespace danewerk::engine::smtp {

enum class DotStuffing : std::uint8_t { no, yes };

class DataWriter {
 public:
  explicit DataWriter(DotStuffing stuffing) : stuffing_(stuffing) {}

  /// Appends the octets to send. After a fault nothing is appended any more.
  void write(std::string_view octets, std::string& out);
  /// With stuffing: ends the last line if it is open (an unterminated one gets CRLF) and appends the final dot.
  void finish(std::string& out);
  LineFault fault() const noexcept { return rules_.fault(); }

 private:
  void stuff(std::string_view octets, std::string& out);

  DotStuffing stuffing_;
  LineRules rules_;
  bool line_start_ = true;  // of what went out, held CR not counted
};

}  // namespace danewerk::engine::smtp
