#include "engine/dkim/key_record.h"

#include <algorithm>

#include "engine/dkim/blanks.h"

namespace danewerk::dkim {
namespace {

constexpr std::size_t longest_string = 255;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> colon_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t colon = text.find(':');
    out.emplace_back(trimmed(text.substr(0, colon)));
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
  }
}

bool holds(const std::vector<std::string>& list, std::string_view one) { return std::find(list.begin(), list.end(), one) != list.end(); }

}  // namespace

Result<std::map<std::string, std::string>> parse_tags(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const std::size_t semicolon = text.find(';');
    const std::string_view one = trimmed(text.substr(0, semicolon));
    text.remove_prefix(semicolon == std::string_view::npos ? text.size() : semicolon + 1);
    if (one.empty() && text.empty()) break;  // one ';' may end the list
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0) return fail(ErrorKind::malformed, "a tag list holds something else than name=value");
    const std::string name(trimmed(one.substr(0, equals)));
    if (!out.emplace(name, trimmed(one.substr(equals + 1))).second) return fail(ErrorKind::malformed, "tag " + name.substr(0, 20) + "= stands twice");
  }
  return out;
}

Result<KeyRecord> KeyRecord::parse(std::string_view text) {
  TRY(auto tags, parse_tags(text));
  KeyRecord out;
  if (const auto v = tags.find("v"); v != tags.end() && (v->second != "DKIM1" || !trimmed(text).starts_with('v'))) {
    return fail(ErrorKind::malformed, "v= is not DKIM1, or not the first tag");
  }
  const auto k = tags.find("k");
  if (k != tags.end() && k->second == "ed25519") {
    out.algorithm = types::DkimAlgorithm::ed25519_sha256;
  } else if (k != tags.end() && k->second != "rsa") {
    return fail(ErrorKind::refused, "k= names a kind of key that is not known here");
  }
  const auto p = tags.find("p");
  if (p == tags.end()) return fail(ErrorKind::malformed, "there is no p=");
  auto key = parse_base64(without_blanks(p->second));
  if (!key) return fail(ErrorKind::malformed, "p= is not base64");
  out.key = *std::move(key);
  if (const auto h = tags.find("h"); h != tags.end()) out.hashes = colon_list(h->second);
  const auto s = tags.find("s");
  out.services = s == tags.end() ? std::vector<std::string>{"*"} : colon_list(s->second);
  if (const auto t = tags.find("t"); t != tags.end()) {
    const auto flags = colon_list(t->second);
    if (holds(flags, "s")) out.subdomains = Subdomains::denied;
    if (holds(flags, "y")) out.testing = Testing::yes;
  }
  return out;
}

bool KeyRecord::serves(Service service) const {
  return holds(services, "*") || holds(services, service == Service::email ? "email" : "tlsrpt");
}

std::string record_text(const types::DkimKey& key) {
  const bool rsa = key.algorithm == types::DkimAlgorithm::rsa_sha256;
  return std::string("v=DKIM1; k=") + (rsa ? "rsa" : "ed25519") + "; p=" + key.public_key;
}

std::vector<std::string> record_strings(std::string_view text) {
  std::vector<std::string> out;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), longest_string))) {
    out.push_back("\"" + std::string(text.substr(0, longest_string)) + "\"");
  }
  return out;
}

}  // namespace danewerk::dkim
