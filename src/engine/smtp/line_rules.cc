#include "engine/smtp/line_rules.h"

#include <cstring>

namespace danewerk::engine::smtp {
namespace {

const char* find(const char* from, const char* end, char c) noexcept {
  const void* hit = from == end ? nullptr : std::memchr(from, c, static_cast<std::size_t>(end - from));
  return hit == nullptr ? end : static_cast<const char*>(hit);
}

/// The first fault of a piece that begins right after an octet that was no waiting CR.
LineFault first_fault(const char* at, const char* end) noexcept {
  const char* const nul = find(at, end, '\0');
  while (at != nul) {
    const char* const lf = find(at, nul, '\n');
    const char* const cr = find(at, lf, '\r');
    if (cr == lf) {  // no CR on this line: its LF stands alone, or the piece ends
      if (lf != nul) return LineFault::bare_lf;
      break;
    }
    // Only one CR may stand here: directly before the LF, or as the very last octet of the piece.
    if (cr + 1 != lf) return LineFault::bare_cr;
    if (lf == nul) return nul == end ? LineFault::none : LineFault::bare_cr;
    at = lf + 1;
  }
  return nul == end ? LineFault::none : LineFault::nul;
}

}  // namespace

const char* to_string(LineFault fault) noexcept {
  switch (fault) {
    case LineFault::none: return "no fault";
    case LineFault::bare_cr: return "CR without LF";
    case LineFault::bare_lf: return "LF without CR";
    case LineFault::nul: return "a NUL octet";
  }
  return "no fault";
}

void LineRules::feed(std::string_view octets) noexcept {
  if (octets.empty() || fault_ != LineFault::none) return;
  const bool ends_line = octets.ends_with("\r\n") || (after_cr_ && octets == "\n");
  const bool ends_cr = octets.back() == '\r';
  if (after_cr_) {
    if (octets.front() != '\n') fault_ = LineFault::bare_cr;
    octets.remove_prefix(1);
  }
  if (fault_ == LineFault::none) fault_ = first_fault(octets.data(), octets.data() + octets.size());
  at_line_start_ = ends_line;
  after_cr_ = ends_cr;
}

void LineRules::finish() noexcept {
  if (fault_ == LineFault::none && after_cr_) fault_ = LineFault::bare_cr;
}

}  // namespace danewerk::engine::smtp
