#include "engine/connector/draft.h"

#include <algorithm>
#include <array>

namespace danewerk::connector {
using namespace types;

namespace {

constexpr std::size_t longest_reason = 500;
constexpr std::size_t longest_pool_name = 64;
constexpr std::string_view by_mx = "mx";

Result<void> read_id(Connector& rule, const std::string& text) {
  TRY(rule.id, ConnectorId::parse(text));
  return {};
}

Result<void> read_tenant(Connector& rule, const std::string& text) {
  TRY(rule.owner, parse_owner(text));
  return {};
}

Result<void> read_pattern(Connector& rule, const std::string& text) {
  TRY(rule.pattern, RecipientPattern::parse(text));
  return {};
}

Result<void> read_dane(Connector& rule, const std::string& text) {
  TRY(rule.dane, parse_dane_mode(text));
  return {};
}

Result<void> read_mta_sts(Connector& rule, const std::string& text) {
  TRY(rule.mta_sts, parse_sts_mode(text));
  return {};
}

Result<void> read_tls(Connector& rule, const std::string& text) {
  TRY(rule.tls, parse_tls_mode(text));
  return {};
}

Result<void> read_verify_name(Connector& rule, const std::string& text) {
  if (IpAddress::parse(text)) return fail(ErrorKind::malformed, "'" + text + "' is an address; certificates are verified by name");
  TRY(DomainName name, DomainName::parse(text));
  if (name.is_root() || name.text().starts_with('*')) return fail(ErrorKind::malformed, "'" + text + "' is no host name");
  rule.verify_names.emplace_back(std::move(name));
  return {};
}

Result<void> read_route(Connector& rule, const std::string& text) {
  if (text == by_mx) {
    rule.smart_host.reset();
    return {};
  }
  TRY(NextHop hop, NextHop::parse(text));
  if (hop.name().text().starts_with('*')) return fail(ErrorKind::malformed, "'" + text + "' is no host name");
  rule.smart_host = std::move(hop);
  return {};
}

Result<void> read_source(Connector& rule, const std::string& text) {
  TRY(IpAddress address, IpAddress::parse(text));
  for (const IpAddress& other : rule.source) {
    if (other.family() == address.family()) {
      return fail(ErrorKind::malformed, other.to_string() + " and " + address.to_string() + " are of one family; give one of each at most");
    }
  }
  rule.source.push_back(address);
  return {};
}

/// The name of a [[delivery.pool]]; whether there is one is seen when mail is sent: until then it waits.
Result<void> read_pool(Connector& rule, const std::string& text) {
  const bool plain = !text.empty() && text.size() <= longest_pool_name &&
                     std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!plain) return fail(ErrorKind::malformed, "'" + text + "' is no pool name; give the name of a [[delivery.pool]]");
  rule.pool = text;
  return {};
}

Result<void> read_reason(Connector& rule, const std::string& text) {
  if (text.empty()) return fail(ErrorKind::malformed, "it is empty; say why the rule exists");
  if (text.size() > longest_reason) return fail(ErrorKind::malformed, "it is longer than " + std::to_string(longest_reason) + " octets");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) return fail(ErrorKind::malformed, "it must be one line of text");
  rule.reason = text;
  return {};
}

/// "never", an instant, or a day, which ends at its beginning in UTC.
Result<void> read_expires(Connector& rule, const std::string& text) {
  rule.expires.reset();
  if (text == "never") return {};
  auto instant = parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!instant) return fail(ErrorKind::malformed, "'" + text + "' is no instant; write 2026-12-31, 2026-12-31T18:00:00Z or never");
  rule.expires = *instant;
  return {};
}

struct Reader {
  std::string_view name;
  Result<void> (*read)(Connector& rule, const std::string& text);
  enum class Takes : std::uint8_t { one, list } takes = Takes::one;
};

constexpr std::array<Reader, 12> readers{{{"id", read_id},
                                          {"tenant", read_tenant},
                                          {"pattern", read_pattern},
                                          {"dane", read_dane},
                                          {"mta_sts", read_mta_sts},
                                          {"tls", read_tls},
                                          {"verify_names", read_verify_name, Reader::Takes::list},
                                          {"route", read_route},
                                          {"source", read_source, Reader::Takes::list},
                                          {"pool", read_pool},
                                          {"reason", read_reason},
                                          {"expires", read_expires}}};

Failure<Error> bad(const Draft& draft, const Field* field, const std::string& what) {
  return fail(ErrorKind::malformed, where(draft, field) + what);
}

Result<void> read_field(Connector& rule, const Draft& draft, const Field& field) {
  const auto reader = std::find_if(readers.begin(), readers.end(), [&](const Reader& one) { return one.name == field.name; });
  if (reader == readers.end()) {
    std::string known;
    for (const Reader& one : readers) known += (known.empty() ? "" : ", ") + std::string(one.name);
    return bad(draft, &field, "a connector has no such field; there are " + known);
  }
  const auto same = [&](const Field& other) { return other.name == field.name; };
  if (std::count_if(draft.fields.begin(), draft.fields.end(), same) > 1) return bad(draft, &field, "it is given twice");
  if (reader->takes == Reader::Takes::one && field.values.size() != 1) return bad(draft, &field, "write one text, not a list");
  for (const std::string& value : field.values) {
    auto read = reader->read(rule, value);
    if (!read) return bad(draft, &field, read.error().what);
  }
  return {};
}

}  // namespace

const Field* Draft::find(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [name](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

void Draft::set(Field field) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return one.name == field.name; });
  if (found == fields.end()) {
    fields.push_back(std::move(field));
  } else {
    *found = std::move(field);
  }
}

std::string where(const Draft& draft, const Field* field) {
  const std::uint32_t line = field != nullptr && field->line != 0 ? field->line : draft.line;
  std::string out = line == 0 ? "" : "line " + std::to_string(line) + ": ";
  const Field* id = draft.find("id");
  if (id != nullptr && id != field && id->values.size() == 1) out += "connector " + id->values.front().substr(0, 64) + ": ";
  return field == nullptr ? out : out + field->name + ": ";
}

Result<Connector> read_draft(const Draft& draft, const std::string& author, Instant created) {
  const Field* id = draft.find("id");
  if (id == nullptr) return bad(draft, nullptr, "id: it is missing; give the connector a name");
  if (id->values.size() != 1) return bad(draft, id, "write one text, not a list");
  auto name = ConnectorId::parse(id->values.front());
  if (!name) return bad(draft, id, name.error().what);
  Connector rule{*std::move(name), {}, 0, {}, {}, {}, {}, {}, {}, {}, author, {}, created, {}};
  for (const Field& field : draft.fields) TRY_VOID(read_field(rule, draft, field));
  for (const char* needed : {"pattern", "reason"}) {
    if (draft.find(needed) == nullptr) return bad(draft, nullptr, std::string(needed) + ": it is missing");
  }
  if (auto found = contradiction(rule)) {
    const Field* field = draft.find(found->field);
    return bad(draft, field, (field == nullptr ? found->field + ": " : "") + found->what);
  }
  return rule;
}

Draft draft_of(const Connector& rule) {
  Draft draft;
  const auto add = [&draft](const char* name, std::string value) { draft.fields.push_back({name, {std::move(value)}, 0}); };
  add("id", rule.id.to_string());
  if (rule.owner) add("tenant", rule.owner->text());
  add("pattern", rule.pattern.to_string());
  if (rule.dane != DaneMode::opportunistic) add("dane", to_string(rule.dane));
  if (rule.mta_sts != StsMode::opportunistic) add("mta_sts", to_string(rule.mta_sts));
  if (rule.tls != TlsMode::opportunistic) add("tls", to_string(rule.tls));
  if (!rule.verify_names.empty()) {
    Field names{"verify_names", {}, 0};
    for (const ReferenceName& name : rule.verify_names) names.values.push_back(name.to_string());
    draft.fields.push_back(std::move(names));
  }
  if (rule.smart_host) add("route", rule.smart_host->to_string());
  if (!rule.source.empty()) {
    Field source{"source", {}, 0};
    for (const IpAddress& address : rule.source) source.values.push_back(address.to_string());
    draft.fields.push_back(std::move(source));
  }
  if (!rule.pool.empty()) add("pool", rule.pool);
  add("reason", rule.reason);
  if (rule.expires) add("expires", to_rfc3339(*rule.expires));
  return draft;
}

std::optional<Contradiction> contradiction(const Connector& rule) {
  if (!rule.pool.empty() && !rule.source.empty()) return Contradiction{"pool", "a rule names a pool or addresses in source, not both"};
  const bool to_address = rule.smart_host && std::holds_alternative<IpAddress>(rule.smart_host->target);
  const std::string address = to_address ? std::get<IpAddress>(rule.smart_host->target).to_string() : "";
  if (rule.tls != TlsMode::verify && !rule.verify_names.empty()) {
    return Contradiction{"verify_names", "no name is verified unless tls is verify"};
  }
  if (to_address && rule.dane == DaneMode::mandatory) {  // RFC 7672 2.2, MX-08
    return Contradiction{"dane", "mandatory can never be met at the address " + address + ", to which DANE does not apply; name the smart host"};
  }
  if (to_address && rule.mta_sts == StsMode::mandatory) {
    return Contradiction{"mta_sts", "mandatory can never be met at the address " + address + ", which can publish no policy; name the smart host"};
  }
  if (to_address && rule.tls == TlsMode::verify && rule.verify_names.empty()) {
    return Contradiction{"verify_names", "the address " + address + " has no name to verify; give one"};
  }
  return std::nullopt;
}

std::string terms_text(const Connector& rule) {
  std::string out;
  for (const Field& field : draft_of(rule).fields) {
    if (field.name == "id" || field.name == "tenant" || field.name == "pattern" || field.name == "reason" || field.name == "expires") continue;
    if (field.name != "verify_names") out += (out.empty() ? "" : ", ") + field.name;
    for (const std::string& value : field.values) out += " " + value;
  }
  return out.empty() ? "as the standards have it" : out;
}

}  // namespace danewerk::connector
