#include "io/dns/scripted_resolver.h"

#include <array>
#include <charconv>
#include <utility>

namespace danewerk::io::dns {
namespace {

using types::DnssecStatus;
using types::DomainName;
using types::LookupErrorKind;
using types::RecordType;

constexpr std::array<std::pair<std::string_view, RecordType>, 18> type_words{{
    {"A", RecordType::a}, {"NS", RecordType::ns}, {"CNAME", RecordType::cname}, {"SOA", RecordType::soa},
    {"MX", RecordType::mx}, {"TXT", RecordType::txt}, {"AAAA", RecordType::aaaa}, {"DNAME", RecordType::dname},
    {"DS", RecordType::ds}, {"RRSIG", RecordType::rrsig}, {"NSEC", RecordType::nsec}, {"DNSKEY", RecordType::dnskey},
    {"NSEC3", RecordType::nsec3}, {"NSEC3PARAM", RecordType::nsec3param}, {"TLSA", RecordType::tlsa},
    {"CDS", RecordType::cds}, {"CDNSKEY", RecordType::cdnskey}, {"CAA", RecordType::caa},
}};

constexpr std::array<std::pair<std::string_view, LookupErrorKind>, 10> error_words{{
    {"bogus", LookupErrorKind::bogus}, {"servfail", LookupErrorKind::server_failure},
    {"server_failure", LookupErrorKind::server_failure}, {"refused", LookupErrorKind::refused},
    {"timeout", LookupErrorKind::timeout}, {"malformed", LookupErrorKind::malformed},
    {"too_large", LookupErrorKind::too_large}, {"alias_loop", LookupErrorKind::alias_loop},
    {"resolver_unfit", LookupErrorKind::resolver_unfit}, {"unreachable", LookupErrorKind::unreachable},
}};

template <class Table>
auto look_up(const Table& table, std::string_view word) -> std::optional<decltype(table[0].second)> {
  for (const auto& [text, value] : table) {
    if (text == word) return value;
  }
  return std::nullopt;
}

/// Takes the next word off the front of `rest`; empty at the end.
std::string_view next_word(std::string_view& rest) {
  constexpr std::string_view blank = " \t\r";
  const std::size_t begin = rest.find_first_not_of(blank);
  if (begin == std::string_view::npos) return rest = {};
  const std::size_t end = std::min(rest.find_first_of(blank, begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  const std::size_t more = rest.find_first_not_of(blank);
  rest.remove_prefix(more == std::string_view::npos ? rest.size() : more);
  return word;
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<types::RecordData> read_mx(std::string_view data) {
  const auto preference = read_number<std::uint16_t>(next_word(data));
  if (!preference || data.empty()) return fail(ErrorKind::malformed, "MX data: want a preference and a name");
  types::MxRecord mx{*preference, std::nullopt, std::string(data)};
  if (auto name = DomainName::parse(data)) mx.exchange = *std::move(name);
  return types::RecordData{std::move(mx)};
}

Result<types::RecordData> read_txt(std::string_view data) {
  types::TxtRecord txt;
  while (!data.empty()) {
    const std::size_t close = data.front() == '"' ? data.find('"', 1) : std::string_view::npos;
    if (close == std::string_view::npos) return fail(ErrorKind::malformed, "TXT data: want strings in double quotes");
    txt.strings.emplace_back(data.substr(1, close - 1));
    data.remove_prefix(close + 1);
    const std::size_t more = data.find_first_not_of(" \t\r");
    data.remove_prefix(more == std::string_view::npos ? data.size() : more);
  }
  if (txt.strings.empty()) return fail(ErrorKind::malformed, "TXT data: want strings in double quotes");
  return types::RecordData{std::move(txt)};
}

/// RFC 3597 5, the part behind "\#".
Result<types::RecordData> read_octets(RecordType type, std::string_view data) {
  const auto count = read_number<std::uint16_t>(next_word(data));
  TRY(Bytes octets, parse_hex(data));
  if (!count || *count != octets.size()) return fail(ErrorKind::malformed, "the number of octets after \\# is wrong");
  if (type == RecordType::tlsa) return types::RecordData{types::TlsaRecord::from_rdata(octets)};
  return types::RecordData{types::RawRecord{std::move(octets)}};
}

Result<types::RecordData> read_data(RecordType type, std::string_view data) {
  if (data.starts_with("\\#")) return read_octets(type, data.substr(2));
  switch (type) {
    case RecordType::a:
    case RecordType::aaaa: {
      TRY(types::IpAddress address, types::IpAddress::parse(data));
      if ((address.family() == types::IpAddress::Family::v4) != (type == RecordType::a)) {
        return fail(ErrorKind::malformed, std::string(data) + " is of the other family");
      }
      return types::RecordData{address};
    }
    case RecordType::mx: return read_mx(data);
    case RecordType::txt: return read_txt(data);
    case RecordType::tlsa: {
      TRY(types::TlsaRecord tlsa, types::TlsaRecord::parse(data));
      return types::RecordData{std::move(tlsa)};
    }
    case RecordType::cname:
    case RecordType::ns:
    case RecordType::dname: {
      TRY(DomainName target, DomainName::parse(data));
      return types::RecordData{types::NameRecord{std::move(target)}};
    }
    default: return fail(ErrorKind::malformed, "write " + types::to_string(type) + " data as \\# count hex");
  }
}

std::optional<DnssecStatus> read_status(std::string_view word) {
  if (word == "secure") return DnssecStatus::secure;
  if (word == "insecure") return DnssecStatus::insecure;
  return std::nullopt;
}

}  // namespace

Result<void> ScriptedResolver::add(std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t comment = line.find('#');
    const bool is_octets = comment != std::string_view::npos && comment > 0 && line[comment - 1] == '\\';
    if (!is_octets) line = line.substr(0, comment);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    if (auto added = add_line(line); !added) {
      return fail(ErrorKind::malformed, "world line " + std::to_string(number) + ": " + added.error().what);
    }
  }
  return {};
}

Result<void> ScriptedResolver::add_line(std::string_view line) {
  const std::string_view first = next_word(line);
  if (first.empty()) return {};
  if (first == "zone") {
    TRY(DomainName apex, DomainName::parse(next_word(line)));
    const auto status = read_status(next_word(line));
    if (!status) return fail(ErrorKind::malformed, "a zone is secure or insecure");
    zones_[apex] = *status;
    return {};
  }
  TRY(DomainName name, DomainName::parse(first));
  std::string_view type = next_word(line);
  Ttl ttl{3600};
  if (const auto seconds = read_number<std::uint32_t>(type)) {
    ttl = Ttl{*seconds};
    type = next_word(line);
  }
  const std::string_view status = next_word(line);
  return add_record(std::move(name), ttl, type, status, line);
}

Result<void> ScriptedResolver::add_record(DomainName name, Ttl ttl, std::string_view type_word, std::string_view status_word,
                                          std::string_view data) {
  const auto error = look_up(error_words, status_word);
  if (type_word == "*") {
    if (!error) return fail(ErrorKind::malformed, "for all types only a failure can be given, not '" + std::string(status_word) + "'");
    failing_names_[name] = *error;
    return {};
  }
  const auto type = look_up(type_words, type_word);
  if (!type) return fail(ErrorKind::malformed, "unknown record type '" + std::string(type_word) + "'");
  const auto status = read_status(status_word);
  if (!status && !error && status_word != "nodata") {
    return fail(ErrorKind::malformed, "unknown status '" + std::string(status_word) + "'");
  }
  if (status_word == "nodata") {
    names_[std::move(name)];
    return {};
  }
  Node node;
  node.ttl = ttl;
  node.error = error;
  if (status) {
    TRY(types::RecordData record, read_data(*type, data));
    node.records.push_back(std::move(record));
    node.status = *status;
  }
  auto [place, fresh] = names_[std::move(name)].try_emplace(*type, node);
  if (fresh) return {};
  Node& known = place->second;
  if (known.error != node.error || (status && known.status != node.status)) {
    return fail(ErrorKind::malformed, "the lines of one RRset contradict each other");
  }
  known.records.insert(known.records.end(), node.records.begin(), node.records.end());
  known.ttl = std::min(known.ttl, ttl);
  return {};
}

void ScriptedResolver::remove(const DomainName& name, std::optional<RecordType> type) {
  const auto found = names_.find(name);
  if (!type) failing_names_.erase(name);
  if (found == names_.end()) return;
  if (type) found->second.erase(*type);
  if (!type || found->second.empty()) names_.erase(found);
}

bool ScriptedResolver::exists(const DomainName& name) const {
  for (const auto& [known, types] : names_) {
    if (known.is_within(name)) return true;  // itself, or an empty non-terminal (RFC 8020)
  }
  return false;
}

/// The types that stand at the name, by a wildcard where there is one (RFC 4592 3.3); none where it does not exist.
const ScriptedResolver::Types* ScriptedResolver::types_at(const DomainName& name) const {
  static const Types nothing;
  if (const auto found = names_.find(name); found != names_.end()) return &found->second;
  if (exists(name)) return &nothing;
  DomainName encloser = name.parent();
  while (!encloser.is_root() && !exists(encloser)) encloser = encloser.parent();
  const auto wildcard = names_.find(encloser.prefixed("*"));
  return wildcard == names_.end() ? nullptr : &wildcard->second;
}

DnssecStatus ScriptedResolver::zone_status(const DomainName& name) const {
  for (DomainName at = name;; at = at.parent()) {
    if (const auto zone = zones_.find(at); zone != zones_.end()) return zone->second;
    if (at.is_root()) return DnssecStatus::insecure;
  }
}

types::Lookup ScriptedResolver::answer(const types::DnsQuestion& question) const {
  constexpr std::size_t most_aliases = 16;
  const auto failed = [&](LookupErrorKind kind) {
    const std::string why = question.to_string() + ": the script says " + types::to_string(kind);
    return Failure{types::LookupError{kind, why, clock_.now(), {}}};
  };
  types::Secured<types::DnsAnswer> out;
  out.value.question = question;
  out.status = DnssecStatus::secure;
  out.ttl = Ttl{86400};
  out.asked = clock_.now();
  for (DomainName at = question.name; out.value.aliases.size() <= most_aliases;) {
    if (const auto failing = failing_names_.find(at); failing != failing_names_.end()) return failed(failing->second);
    const Types* types = types_at(at);
    const Node* node = nullptr;
    const bool alias = types != nullptr && question.type != RecordType::cname && types->contains(RecordType::cname);
    const auto wanted = alias ? RecordType::cname : question.type;
    if (types != nullptr && types->contains(wanted)) node = &types->at(wanted);
    if (node != nullptr && node->error) return failed(*node->error);
    const DnssecStatus status = node != nullptr ? node->status : zone_status(at);
    if (status != DnssecStatus::secure) out.status = DnssecStatus::insecure;  // RES-07
    if (node != nullptr) out.ttl = std::min(out.ttl, node->ttl);
    if (!alias) {
      if (node != nullptr) out.value.records = node->records;
      if (node == nullptr) out.ttl = std::min(out.ttl, Ttl{3600});
      out.value.existence = node != nullptr    ? types::Existence::records
                            : types != nullptr ? types::Existence::no_data
                                               : types::Existence::no_name;
      return out;
    }
    at = std::get<types::NameRecord>(node->records.front()).target;
    out.value.aliases.push_back(at);
  }
  return failed(LookupErrorKind::alias_loop);
}

Task<types::Lookup> ScriptedResolver::ask(types::DnsQuestion question) {
  asked_.push_back(question);
  co_return answer(question);
}

}  // namespace danewerk::io::dns
