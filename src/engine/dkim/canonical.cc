#include "engine/dkim/canonical.h"

#include <algorithm>

#include "engine/dkim/blanks.h"

namespace danewerk::dkim {
namespace {

/// RFC 6376 3.4.2: unfolded, runs of white space to one space, none at the ends.
void append_relaxed_value(std::string& out, std::string_view value) {
  bool blank = false;
  bool begun = false;
  for (const char c : value) {
    if (is_blank(c)) {
      blank = true;
      continue;
    }
    if (blank && begun) out.push_back(' ');
    blank = false;
    begun = true;
    out.push_back(c);
  }
}

}  // namespace

const char* to_string(Canonical form) noexcept { return form == Canonical::simple ? "simple" : "relaxed"; }

std::string canonical_field(Canonical form, std::string_view field) {
  if (form == Canonical::simple) return std::string(field);
  const bool ended = field.ends_with("\r\n");
  const std::size_t colon = field.find(':');
  std::string out;
  std::string_view name = field.substr(0, colon);
  while (!name.empty() && is_wsp(name.back())) name.remove_suffix(1);
  for (const char c : name) out.push_back(lower(c));
  if (colon != std::string_view::npos) {
    out.push_back(':');
    append_relaxed_value(out, field.substr(colon + 1));
  }
  return ended ? out + "\r\n" : out;
}

void BodyForm::content(std::string_view octets, std::string& out) {
  for (; lines_ > 0; --lines_) out += "\r\n";
  if (blank_) out.push_back(' ');
  blank_ = false;
  any_ = true;
  out += octets;
}

void BodyForm::feed(std::string_view octets, std::string& out) {
  const std::string_view stops = form_ == Canonical::relaxed ? "\r \t" : "\r";
  for (std::size_t at = 0; at < octets.size();) {
    const char c = octets[at];
    if (cr_) {
      cr_ = false;
      if (c == '\n') {
        ++lines_;
        blank_ = false;
        ++at;
        continue;
      }
      content("\r", out);
    }
    if (c == '\r') {
      cr_ = true;
      ++at;
    } else if (form_ == Canonical::relaxed && is_wsp(c)) {
      blank_ = true;
      ++at;
    } else {
      const std::size_t end = std::min(octets.size(), octets.find_first_of(stops, at));
      content(octets.substr(at, end - at), out);
      at = end;
    }
  }
}

void BodyForm::finish(std::string& out) {
  if (cr_) content("\r", out);
  // RFC 6376 3.4.3: a body without content is one CRLF; 3.4.4 with erratum 1384: it is nothing.
  if (any_ || form_ == Canonical::simple) out += "\r\n";
}

}  // namespace danewerk::dkim
