#include "types/tlsa_record.h"

#include <array>
#include <charconv>
#include <utility>

namespace danewerk::types {
namespace {

using Acronym = std::pair<std::uint8_t, std::string_view>;  // RFC 7218 2, CRT-13
constexpr std::array usages{Acronym{0, "PKIX-TA"}, Acronym{1, "PKIX-EE"}, Acronym{2, "DANE-TA"}, Acronym{3, "DANE-EE"},
                            Acronym{255, "PrivCert"}};
constexpr std::array selectors{Acronym{0, "Cert"}, Acronym{1, "SPKI"}, Acronym{255, "PrivSel"}};
constexpr std::array matchings{Acronym{0, "Full"}, Acronym{1, "SHA2-256"}, Acronym{2, "SHA2-512"},
                               Acronym{255, "PrivMatch"}};

bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  }
  return true;
}

std::string_view next_word(std::string_view& text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return text = {};
  const std::size_t end = std::min(text.find_first_of(" \t\r\n", start), text.size());
  const std::string_view word = text.substr(start, end - start);
  text.remove_prefix(end);
  return word;
}

template <std::size_t n>
Result<std::uint8_t> parse_field(std::string_view word, const std::array<Acronym, n>& acronyms, const char* field) {
  for (const auto& [value, name] : acronyms) {
    if (same_ignoring_case(word, name)) return value;
  }
  unsigned value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc{} || end != word.data() + word.size() || value > 255) {
    return fail(ErrorKind::malformed, std::string("TLSA ") + field + " '" + std::string(word) +
                                          "' is not a number from 0 to 255; a record reads '3 1 1 <hex>'");
  }
  return static_cast<std::uint8_t>(value);
}

template <std::size_t n>
std::string named(std::uint8_t value, const std::array<Acronym, n>& acronyms) {
  for (const auto& [number, name] : acronyms) {
    if (number == value) return std::string(name) + "(" + std::to_string(value) + ")";
  }
  return "unassigned(" + std::to_string(value) + ")";
}

/// RFC 3597 5: "\# 35 030101..."; what follows the number of octets is the RDATA, of any length.
Result<TlsaRecord> parse_generic(std::string_view text) {
  const std::string_view count = next_word(text);
  std::size_t octets = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), octets);
  if (count.empty() || error != std::errc{} || end != count.data() + count.size()) {
    return fail(ErrorKind::malformed, "TLSA: after \\# comes the number of octets, as in '\\# 35 030101...' (RFC 3597 5)");
  }
  auto rdata = parse_hex(text);
  if (!rdata) return fail(ErrorKind::malformed, "TLSA RDATA: " + rdata.error().what);
  if (rdata->size() != octets) {
    return fail(ErrorKind::malformed, "TLSA RDATA of " + std::to_string(rdata->size()) + " octets, but \\# says " + std::to_string(octets));
  }
  return TlsaRecord::from_rdata(*rdata);
}

}  // namespace

Result<TlsaRecord> TlsaRecord::parse(std::string_view text) {
  if (std::string_view rest = text; next_word(rest) == "\\#") return parse_generic(rest);
  TRY(const std::uint8_t usage, parse_field(next_word(text), usages, "certificate usage"));
  TRY(const std::uint8_t selector, parse_field(next_word(text), selectors, "selector"));
  TRY(const std::uint8_t matching, parse_field(next_word(text), matchings, "matching type"));
  auto data = parse_hex(text);
  if (!data) return fail(ErrorKind::malformed, "TLSA association data: " + data.error().what);
  return TlsaRecord{TlsaUsage{usage}, TlsaSelector{selector}, TlsaMatching{matching}, *std::move(data)};
}

TlsaRecord TlsaRecord::from_rdata(ByteView rdata) {
  TlsaRecord record;
  if (rdata.size() < 3) {
    record.truncated = true;
    record.data.assign(rdata.begin(), rdata.end());
    return record;
  }
  record.usage = TlsaUsage{rdata[0]};
  record.selector = TlsaSelector{rdata[1]};
  record.matching = TlsaMatching{rdata[2]};
  record.data.assign(rdata.begin() + 3, rdata.end());
  return record;
}

Bytes TlsaRecord::to_rdata() const {
  if (truncated) return data;
  Bytes out{static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector), static_cast<std::uint8_t>(matching)};
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

std::string TlsaRecord::to_string() const {
  if (truncated) return "(truncated) " + to_hex(data);
  return std::to_string(static_cast<unsigned>(usage)) + " " + std::to_string(static_cast<unsigned>(selector)) + " " +
         std::to_string(static_cast<unsigned>(matching)) + " " + to_hex(data);
}

std::string TlsaRecord::describe() const {
  if (truncated) return "truncated TLSA record";
  return named(static_cast<std::uint8_t>(usage), usages) + " " + named(static_cast<std::uint8_t>(selector), selectors) +
         " " + named(static_cast<std::uint8_t>(matching), matchings);
}

}  // namespace danewerk::types
