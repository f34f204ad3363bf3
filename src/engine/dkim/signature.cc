#include "engine/dkim/signature.h"

#include <algorithm>
#include <array>

#include "engine/dkim/blanks.h"

namespace danewerk::dkim {
namespace {

constexpr std::size_t fold_at = 72;
constexpr Duration clock_slack = std::chrono::hours(1);

/// Shown to people or deciding how the body is read: one more of them would change the message.
constexpr std::array<std::string_view, 9> sealed{"subject", "date", "to", "cc", "reply-to", "message-id", "mime-version", "content-type",
                                                 "content-transfer-encoding"};
constexpr std::array<std::string_view, 15> as_they_stand{
    "sender", "in-reply-to", "references", "content-id", "content-description", "content-disposition", "resent-date", "resent-from",
    "resent-to", "resent-cc", "resent-message-id", "list-unsubscribe", "list-unsubscribe-post", "tls-report-domain", "tls-report-submitter"};

Result<Canonical> form_of(std::string_view word) {
  if (word == "simple") return Canonical::simple;
  if (word == "relaxed") return Canonical::relaxed;
  return fail(ErrorKind::malformed, "c= names no form that is known");
}

Result<std::optional<Instant>> seconds_of(const std::map<std::string, std::string>& tags, const char* name) {
  const auto found = tags.find(name);
  if (found == tags.end()) return std::optional<Instant>{};
  const std::string& digits = found->second;
  const bool plain = !digits.empty() && digits.size() <= 12 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!plain) return fail(ErrorKind::malformed, std::string(name) + "= is no number of seconds");
  return std::optional(Instant{std::chrono::seconds(std::stoll(digits))});
}

Result<std::vector<std::string>> names_of(std::string_view list) {
  std::vector<std::string> out;
  std::string text = without_blanks(list);
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  std::string_view rest = text;
  while (true) {
    const std::size_t colon = rest.find(':');
    out.emplace_back(rest.substr(0, colon));
    if (out.back().empty()) return fail(ErrorKind::malformed, "h= holds an empty name");
    if (colon == std::string_view::npos) return out;
    rest.remove_prefix(colon + 1);
  }
}

Result<std::string> needed(const std::map<std::string, std::string>& tags, const char* name) {
  const auto found = tags.find(name);
  if (found == tags.end() || found->second.empty()) return fail(ErrorKind::malformed, std::string(name) + "= is missing");
  return found->second;
}

Result<void> read_forms(const std::map<std::string, std::string>& tags, Signature& into) {
  const auto found = tags.find("c");
  const std::string text = found == tags.end() ? "simple/simple" : found->second;
  const std::size_t slash = text.find('/');
  TRY(into.header_form, form_of(std::string_view(text).substr(0, slash)));
  TRY(into.body_form, form_of(slash == std::string::npos ? "simple" : std::string_view(text).substr(slash + 1)));
  return {};
}

Result<void> read_algorithm(const std::map<std::string, std::string>& tags, Signature& into) {
  TRY(const std::string text, needed(tags, "a"));
  if (text == "rsa-sha256") return {};
  if (text != "ed25519-sha256") return fail(ErrorKind::refused, "a=" + text.substr(0, 30) + " is not accepted (RFC 8301: rsa-sha1 proves nothing)");
  into.algorithm = types::DkimAlgorithm::ed25519_sha256;
  return {};
}

}  // namespace

Result<Signature> Signature::parse(std::string_view value) {
  TRY(const auto tags, parse_tags(value));
  Signature out;
  TRY(const std::string version, needed(tags, "v"));
  if (version != "1") return fail(ErrorKind::malformed, "v= is not 1");
  TRY_VOID(read_algorithm(tags, out));
  TRY_VOID(read_forms(tags, out));
  TRY(const std::string domain, needed(tags, "d"));
  TRY(out.domain, types::DomainName::parse(domain));
  TRY(const std::string selector, needed(tags, "s"));
  TRY(out.selector, types::DomainName::parse(selector));
  TRY(const std::string names, needed(tags, "h"));
  TRY(out.headers, names_of(names));
  TRY(const std::string hash, needed(tags, "bh"));
  TRY(out.body_hash, parse_base64(without_blanks(hash)));
  TRY(const std::string octets, needed(tags, "b"));
  TRY(out.signature, parse_base64(without_blanks(octets)));
  TRY(out.made, seconds_of(tags, "t"));
  TRY(out.expires, seconds_of(tags, "x"));
  if (const auto l = tags.find("l"); l != tags.end()) out.length = l->second;
  if (const auto i = tags.find("i"); i != tags.end()) {
    const std::size_t at = i->second.rfind('@');
    if (at == std::string::npos) return fail(ErrorKind::malformed, "i= holds no '@'");
    out.identity_domain = i->second.substr(at + 1);
  }
  if (const auto q = tags.find("q"); q != tags.end() && without_blanks(q->second).find("dns/txt") == std::string::npos) {
    return fail(ErrorKind::refused, "q= names no way to the key that is known");
  }
  return out;
}

std::vector<std::string> headers_to_sign(const std::vector<HeaderField>& fields) {
  const auto count = [&fields](std::string_view name) {
    return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), [name](const HeaderField& field) { return field.name == name; }));
  };
  std::vector<std::string> out(count("from") + 1, "from");
  for (const std::string_view name : sealed) {
    const std::size_t there = count(name);
    out.insert(out.end(), there == 0 ? 0 : there + 1, std::string(name));
  }
  for (const std::string_view name : as_they_stand) out.insert(out.end(), count(name), std::string(name));
  return out;
}

std::string unsigned_field(const Signature& signature) {
  std::string out = std::string("DKIM-Signature: v=1; a=") + to_string(signature.algorithm) + "; c=" + to_string(signature.header_form) + "/" +
                    to_string(signature.body_form) + ";\r\n\td=" + signature.domain.to_string() + "; s=" + signature.selector.to_string() + ";";
  if (signature.made) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*signature.made).time_since_epoch().count();
    out += " t=" + std::to_string(seconds) + ";";
  }
  std::string line = "\r\n\th=";
  for (std::size_t i = 0; i < signature.headers.size(); ++i) {
    const std::string& name = signature.headers[i];
    if (line.size() + name.size() + 2 > fold_at) {
      out += line;
      line = "\r\n\t ";
    }
    line += name + (i + 1 < signature.headers.size() ? ":" : ";");
  }
  return out + line + "\r\n\tbh=" + to_base64(signature.body_hash) + ";\r\n\tb=";
}

std::string written(const Signature& signature, const Bytes& octets) {
  std::string out = unsigned_field(signature);
  const std::string text = to_base64(octets);
  for (std::size_t at = 0; at < text.size(); at += fold_at) out += (at == 0 ? "" : "\r\n\t ") + text.substr(at, fold_at);
  return out + "\r\n";
}

std::string without_b(std::string_view field_text) {
  if (field_text.ends_with("\r\n")) field_text.remove_suffix(2);
  std::string out;
  std::size_t begin = field_text.find(':') + 1;
  out += field_text.substr(0, begin);
  while (begin <= field_text.size()) {
    const std::size_t end = std::min(field_text.find(';', begin), field_text.size());
    const std::string_view tag = field_text.substr(begin, end - begin);
    const std::size_t equals = tag.find('=');
    const bool is_b = equals != std::string_view::npos && without_blanks(tag.substr(0, equals)) == "b";
    out += is_b ? tag.substr(0, equals + 1) : tag;
    if (end < field_text.size()) out.push_back(';');
    begin = end + 1;
  }
  return out;
}

std::string signed_octets(const Signature& signature, const std::vector<HeaderField>& fields, const std::string& own_field) {
  std::string out;
  std::vector<bool> taken(fields.size());
  for (const std::string& name : signature.headers) {
    for (std::size_t i = fields.size(); i-- > 0;) {
      if (taken[i] || fields[i].name != name) continue;
      taken[i] = true;
      out += canonical_field(signature.header_form, fields[i].text);
      break;  // a name with no field left stands for nothing (RFC 6376 5.4)
    }
  }
  return out + canonical_field(signature.header_form, own_field);
}

std::optional<std::string> refusal(const Signature& signature, Instant now) {
  if (std::find(signature.headers.begin(), signature.headers.end(), "from") == signature.headers.end()) return "From is not signed";
  if (signature.length) return "l= leaves a part of the body unsigned";
  if (signature.expires && *signature.expires < now) return "it expired at " + to_rfc3339(*signature.expires);
  if (signature.expires && signature.made && *signature.expires <= *signature.made) return "it ends before it begins";
  if (signature.made && *signature.made > now + clock_slack) return "it is from the future";
  if (!signature.identity_domain.empty()) {
    const auto identity = types::DomainName::parse(signature.identity_domain);
    if (!identity || !identity->is_within(signature.domain)) return "i= is not within d=";
  }
  return std::nullopt;
}

std::optional<std::string> refusal(const Signature& signature, const KeyRecord& key, Service service) {
  if (key.key.empty()) return "its key is revoked";
  if (key.algorithm != signature.algorithm) return "its key is for another algorithm";
  if (!key.hashes.empty() && std::find(key.hashes.begin(), key.hashes.end(), "sha256") == key.hashes.end()) return "its key does not allow SHA-256";
  if (!key.serves(service)) return "its key is not for this service (s=)";
  if (key.subdomains == Subdomains::denied && !signature.identity_domain.empty()) {
    const auto identity = types::DomainName::parse(signature.identity_domain);
    if (!identity || *identity != signature.domain) return "its key does not allow subdomains in i= (t=s)";
  }
  return std::nullopt;
}

}  // namespace danewerk::dkim
