#include "io/text/idna.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <string>

namespace danewerk::io {
namespace {

// A domain of 253 octets in A-labels has far fewer than this in UTF-8; libidn2's effort grows with what it is given.
constexpr std::size_t longest_input = 1024;

struct FreeIdn {
  void operator()(char* text) const noexcept { idn2_free(text); }
};

bool is_host_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

Failure<Error> no_domain(std::string_view domain, const std::string& why) {
  return fail(ErrorKind::malformed, "'" + std::string(domain.substr(0, 255)) + "' is not a domain: " + why);
}

}  // namespace

Result<types::DomainName> to_a_labels(std::string_view domain) {
  if (domain.empty() || domain.size() > longest_input) return no_domain(domain, "its length");
  if (domain.find('\0') != std::string_view::npos) return no_domain(domain, "it holds a NUL");
  char* raw = nullptr;
  // Not IDN2_USE_STD3_ASCII_RULES: libidn2 2.3.3 then drops the forbidden octets instead of refusing them, and
  // "b\u00fc@cher" would become another, valid, name. Kept, they are still there in the result, and refused below.
  const int code = idn2_to_ascii_8z(std::string(domain).c_str(), &raw, IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeIdn> ascii(raw);
  if (code != IDN2_OK) return no_domain(domain, idn2_strerror(code));
  const std::string_view labels(ascii.get());
  // Other full stops than ours (U+3002) become one in the conversion, so this is looked at afterwards.
  if (labels.ends_with('.')) return no_domain(domain, "it ends in a dot");
  if (!std::all_of(labels.begin(), labels.end(), is_host_octet)) return no_domain(domain, "a character no host name has");
  auto name = types::DomainName::parse(labels);
  if (!name) return no_domain(domain, name.error().what);
  return name;
}

}  // namespace danewerk::io
