#include "engine/caa/caa.h"

#include <algorithm>

namespace danewerk::caa {
namespace {

constexpr std::uint8_t critical_flag = 128;

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The issuer-domain-name of an issue or issuewild value; empty where none is named or the value is no such value. RFC 8659 4.2.
std::string issuer_of(std::string_view value) {
  const std::string name = lower(trimmed(value.substr(0, value.find(';'))));
  const auto parsed = types::DomainName::parse(name);
  const bool plain = parsed && !parsed->is_root() && name.find_first_of("*_") == std::string::npos && name.back() != '.';
  return plain ? name : std::string{};
}

/// "validationmethods" of RFC 8657 3; nothing where it is not given.
std::optional<std::string> methods_of(std::string_view value) {
  for (std::size_t at = value.find(';'); at != std::string_view::npos;) {
    const std::size_t next = value.find(';', at + 1);
    const std::string_view parameter = trimmed(value.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
    const std::size_t sign = parameter.find('=');
    if (sign != std::string_view::npos && lower(trimmed(parameter.substr(0, sign))) == "validationmethods") {
      return std::string(trimmed(parameter.substr(sign + 1)));
    }
    at = next;
  }
  return std::nullopt;
}

bool lists(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const std::size_t comma = methods.find(',');
    if (trimmed(methods.substr(0, comma)) == method) return true;
    methods = comma == std::string_view::npos ? std::string_view{} : methods.substr(comma + 1);
  }
  return false;
}

bool grants(const Record& record, const Authority& authority) {
  const std::string issuer = issuer_of(record.value);
  if (issuer.empty()) return false;
  if (!authority.names.empty() && std::find(authority.names.begin(), authority.names.end(), issuer) == authority.names.end()) return false;
  const auto methods = methods_of(record.value);
  return !methods || lists(*methods, authority.method);
}

types::Finding finding(const types::DomainName& certified, const types::DomainName& at, const std::string& says, const std::string& remedy) {
  return {types::Severity::error, "certificate.caa_forbids", certified.to_string(), at.to_string() + " CAA " + says, remedy};
}

}  // namespace

std::string Record::to_string() const { return std::string(critical ? "128 " : "0 ") + tag + " \"" + value + "\""; }

Result<Record> parse(ByteView rdata) {
  const std::size_t tag_size = rdata.size() < 2 ? 0 : rdata[1];
  if (tag_size == 0 || rdata.size() < 2 + tag_size) return fail(ErrorKind::malformed, "a CAA record's tag runs past its end");
  Record out;
  out.critical = (rdata[0] & critical_flag) != 0;
  const std::string_view tag = as_text(rdata.subspan(2, tag_size));
  if (!std::all_of(tag.begin(), tag.end(), alphanumeric)) return fail(ErrorKind::malformed, "a CAA record's tag holds more than letters and digits");
  out.tag = lower(tag);
  for (const char c : as_text(rdata.subspan(2 + tag_size))) out.value += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

std::vector<types::DomainName> climb(const types::DomainName& certified) {
  std::vector<types::DomainName> out;
  types::DomainName name = certified.text().starts_with("*.") ? certified.parent() : certified;
  for (; !name.is_root(); name = name.parent()) out.push_back(name);
  return out;
}

std::optional<types::Finding> forbidden(const types::DomainName& certified, const types::DomainName& at, const std::vector<Record>& records,
                                        const Authority& authority) {
  const bool wildcard = certified.text().starts_with("*.");
  bool has_issue = false, has_wild = false;
  for (const Record& record : records) {
    has_issue = has_issue || record.tag == "issue";
    has_wild = has_wild || record.tag == "issuewild";
    const bool known = record.tag == "issue" || record.tag == "issuewild" || record.tag == "iodef" || record.tag == "issuemail" ||
                       record.tag == "contactemail" || record.tag == "contactphone";
    if (record.critical && !known) {
      return finding(certified, at, record.to_string() + " is critical and unknown: no CA may issue", "Remove that record, or ask a CA that knows it.");
    }
  }
  const std::string tag = wildcard && has_wild ? "issuewild" : "issue";
  if (!has_issue && tag == "issue") return std::nullopt;
  std::string says;
  for (const Record& record : records) {
    if (record.tag != tag) continue;
    if (grants(record, authority)) return std::nullopt;
    says += (says.empty() ? "" : ", ") + record.to_string();
  }
  const std::string who = authority.names.empty() ? "the CA" : authority.names.front();
  return finding(certified, at, says + " does not let " + who + " issue by " + authority.method,
                 "Add " + at.to_string() + ". CAA 0 " + tag + " \"" + (authority.names.empty() ? "<the CA's name>" : who) +
                     "\", or set acme.directory to a CA that the record names.");
}

}  // namespace danewerk::caa
