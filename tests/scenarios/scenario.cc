#include "scenario.h"

#include <map>
#include <sstream>

namespace danewerk::scenarios {
using namespace types;

namespace {

constexpr Ttl ttl{300};

std::vector<std::string> words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t at = text.find(by);
    out.push_back(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + by.size());
  }
}

template <class T>
Result<T> choose(const std::map<std::string, T>& choices, const std::string& word, const char* what) {
  const auto it = choices.find(word);
  if (it == choices.end()) return fail(ErrorKind::malformed, std::string(what) + " '" + word + "' is unknown");
  return it->second;
}

const std::map<std::string, RecordType> record_types{
    {"A", RecordType::a}, {"AAAA", RecordType::aaaa}, {"MX", RecordType::mx},
    {"CNAME", RecordType::cname}, {"TLSA", RecordType::tlsa}};
const std::map<std::string, DnssecStatus> statuses{{"secure", DnssecStatus::secure},
                                                   {"insecure", DnssecStatus::insecure},
                                                   {"bogus-status", DnssecStatus::bogus},
                                                   {"indeterminate-status", DnssecStatus::indeterminate}};
const std::map<std::string, LookupErrorKind> errors{
    {"bogus", LookupErrorKind::bogus},           {"servfail", LookupErrorKind::server_failure},
    {"refused", LookupErrorKind::refused},       {"timeout", LookupErrorKind::timeout},
    {"malformed", LookupErrorKind::malformed},   {"too_large", LookupErrorKind::too_large},
    {"alias_loop", LookupErrorKind::alias_loop}, {"unfit", LookupErrorKind::resolver_unfit},
    {"unreachable", LookupErrorKind::unreachable}};
const std::map<std::string, AssociationData> associations{{"[certificate]", AssociationData::certificate},
                                                          {"[public_key]", AssociationData::public_key},
                                                          {"[unparsable]", AssociationData::unparsable},
                                                          {"[too_weak]", AssociationData::too_weak}};

Result<RecordData> parse_tlsa(const std::string& text, DestinationFacts& world) {
  std::vector<std::string> parts = words(text);
  if (parts == std::vector<std::string>{"truncated"}) return RecordData(TlsaRecord::from_rdata(Bytes{3}));
  if (parts.size() < 4) return fail(ErrorKind::malformed, "TLSA '" + text + "' needs four words");
  if (parts[3] == "good") parts[3] = std::string(parts[2] == "2" ? 128 : 64, 'a');
  if (parts[3] == "short") parts[3] = "aabbcc";
  if (parts[3] == "empty") parts[3].clear();
  TRY(TlsaRecord record, TlsaRecord::parse(parts[0] + " " + parts[1] + " " + parts[2] + " " + parts[3]));
  if (parts.size() > 4) {
    TRY(world.associations[record], choose(associations, parts[4], "association"));
  }
  return RecordData(std::move(record));
}

Result<RecordData> parse_record(RecordType type, const std::string& text, DestinationFacts& world) {
  if (type == RecordType::tlsa) return parse_tlsa(text, world);
  if (type == RecordType::a || type == RecordType::aaaa) {
    TRY(IpAddress address, IpAddress::parse(text));
    return RecordData(address);
  }
  if (type == RecordType::cname) {
    TRY(DomainName name, DomainName::parse(text));
    return RecordData(NameRecord{name});
  }
  const std::vector<std::string> parts = words(text);
  if (parts.size() != 2) return fail(ErrorKind::malformed, "MX '" + text + "' needs a preference and a host");
  MxRecord record;
  record.preference = static_cast<std::uint16_t>(std::stoi(parts[0]));
  record.exchange_text = parts[1];
  if (auto name = DomainName::parse(parts[1])) record.exchange = *name;
  return RecordData(record);
}

Lookup parse_error(LookupErrorKind kind, const std::vector<std::string>& rest) {
  LookupError error;
  error.kind = kind;
  error.asked = world_time();
  if (rest.size() >= 2 && rest[0] == "ede") {
    ExtendedError extended{static_cast<std::uint16_t>(std::stoi(rest[1])), {}};
    for (std::size_t i = 2; i < rest.size(); ++i) extended.text += (i > 2 ? " " : "") + rest[i];
    error.extended_errors.push_back(std::move(extended));
  }
  return Failure{std::move(error)};
}

/// NAME TYPE STATUS [via ...] DATA
Result<void> parse_dns(std::string_view line, Scenario& scenario) {
  std::vector<std::string> parts = words(line);
  if (parts.size() < 3) return fail(ErrorKind::malformed, "dns: needs a name, a type and a status");
  TRY(DomainName name, DomainName::parse(parts[0]));
  TRY(RecordType type, choose(record_types, parts[1], "type"));
  const DnsQuestion question{name, type};
  std::vector<std::string> rest(parts.begin() + 3, parts.end());
  if (errors.contains(parts[2])) {
    scenario.world.lookups.insert_or_assign(question, parse_error(errors.at(parts[2]), rest));
    return {};
  }
  TRY(DnssecStatus status, choose(statuses, parts[2], "status"));
  Secured<DnsAnswer> answer{{question, Existence::records, {}, {}}, status, ttl, world_time(), {}};
  std::size_t used = 0;
  if (!rest.empty() && rest[0] == "via") {
    for (used = 1; used < rest.size() && rest[used] != ":"; ++used) {
      TRY(DomainName alias, DomainName::parse(rest[used]));
      answer.value.aliases.push_back(alias);
    }
    ++used;  // the colon
  }
  std::string data;
  for (std::size_t i = used; i < rest.size(); ++i) data += (data.empty() ? "" : " ") + rest[i];
  if (data == "nodata" || data == "nxdomain") {
    answer.value.existence = data == "nodata" ? Existence::no_data : Existence::no_name;
  } else {
    for (const std::string& text : split(data, ";")) {
      TRY(RecordData record, parse_record(type, text, scenario.world));
      answer.value.records.push_back(std::move(record));
    }
  }
  scenario.world.lookups.insert_or_assign(question, Lookup(std::move(answer)));
  return {};
}

/// "enforce mx.example.com *.example.net [cache]", "unknown WHY", "fault WHAT"; each line adds to the fact.
Result<void> parse_sts(const std::string& value, Scenario& scenario) {
  static const std::map<std::string, StsPolicyMode> modes{
      {"enforce", StsPolicyMode::enforce}, {"testing", StsPolicyMode::testing}, {"none", StsPolicyMode::none}};
  std::vector<std::string> parts = words(value);
  if (parts.empty()) return fail(ErrorKind::malformed, "sts: needs a mode, 'unknown' or 'fault'");
  if (!scenario.world.sts) scenario.world.sts.emplace();
  StsFact& fact = *scenario.world.sts;
  fact.domain = scenario.world.next_hop.name();
  if (parts[0] == "unknown") {
    fact.unknown = trimmed(value.substr(7));
    return {};
  }
  if (parts[0] == "fault") {
    fact.fault = StsFault{TlsFailure::sts_policy_fetch_error, trimmed(value.substr(5)), world_time()};
    return {};
  }
  StsInForce in_force;
  TRY(in_force.policy.mode, choose(modes, parts[0], "sts mode"));
  if (parts.back() == "cache") {
    in_force.source = StsSource::cache;
    parts.pop_back();
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    TRY(StsMxPattern pattern, StsMxPattern::parse(parts[i]));
    in_force.policy.mx.push_back(std::move(pattern));
  }
  in_force.policy.max_age = std::chrono::hours(24);
  in_force.id = "1";
  in_force.fetched = world_time() - std::chrono::hours(3);
  in_force.expires = in_force.fetched + in_force.policy.max_age;
  if (in_force.source == StsSource::live) fact.record_id = in_force.id;
  fact.in_force = std::move(in_force);
  return {};
}

Result<void> parse_tls(const std::string& value, MessageDemands& demands) {
  static const std::map<std::string, TlsMode> modes{
      {"opportunistic", TlsMode::opportunistic}, {"require", TlsMode::require}, {"verify", TlsMode::verify}};
  const std::vector<std::string> parts = words(value);
  if (parts.empty()) return fail(ErrorKind::malformed, "tls: needs a mode");
  TRY(demands.tls, choose(modes, parts[0], "tls mode"));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    TRY(DomainName name, DomainName::parse(parts[i]));
    demands.verify_names.emplace_back(std::move(name));
  }
  return {};
}

Result<void> parse_limit(const std::vector<std::string>& parts, Rules& rules) {
  if (parts.size() != 2) return fail(ErrorKind::malformed, "limit: needs a name and a number");
  const std::map<std::string, std::size_t*> limits{{"hosts", &rules.max_mx_hosts},
                                                   {"addresses", &rules.max_addresses_per_host},
                                                   {"aliases", &rules.max_aliases},
                                                   {"tlsa", &rules.max_tlsa_records}};
  TRY(std::size_t * limit, choose(limits, parts[0], "limit"));
  *limit = std::stoul(parts[1]);
  return {};
}

Result<void> parse_demand(const std::string& key, const std::string& value, Scenario& scenario) {
  static const std::map<std::string, DaneMode> modes{{"opportunistic", DaneMode::opportunistic},
                                                     {"mandatory", DaneMode::mandatory},
                                                     {"none", DaneMode::none},
                                                     {"audit", DaneMode::audit}};
  static const std::map<std::string, StsMode> sts_modes{{"opportunistic", StsMode::opportunistic},
                                                        {"mandatory", StsMode::mandatory},
                                                        {"none", StsMode::none},
                                                        {"audit", StsMode::audit}};
  static const std::map<std::string, AddressOrder> orders{{"v6_first", AddressOrder::v6_first},
                                                          {"v4_first", AddressOrder::v4_first},
                                                          {"v6_only", AddressOrder::v6_only},
                                                          {"v4_only", AddressOrder::v4_only}};
  if (key == "dane") {
    TRY(scenario.demands.dane, choose(modes, value, "dane mode"));
  } else if (key == "order") {
    TRY(scenario.rules.address_order, choose(orders, value, "address order"));
  } else if (key == "tls") {
    TRY_VOID(parse_tls(value, scenario.demands));
  } else if (key == "mta-sts") {
    TRY(scenario.demands.mta_sts, choose(sts_modes, value, "mta-sts mode"));
  } else if (key == "requiretls") {
    static const std::map<std::string, RequireTls> tags{{"no", RequireTls::no}, {"yes", RequireTls::yes}, {"waived", RequireTls::waived}};
    TRY(scenario.demands.require_tls, choose(tags, value, "requiretls"));
  } else if (key == "seed") {
    scenario.seed = Seed{std::stoull(value)};
  } else {
    return fail(ErrorKind::malformed, "directive '" + key + "' is unknown");
  }
  return {};
}

Result<void> parse_line(const std::string& line, Scenario& scenario) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) return fail(ErrorKind::malformed, "a line reads 'directive: value'");
  const std::string key = line.substr(0, colon);
  const std::string value = trimmed(std::string_view(line).substr(colon + 1));
  if (key == "dns") return parse_dns(value, scenario);
  if (key == "sts") return parse_sts(value, scenario);
  if (key == "limit") return parse_limit(words(value), scenario.rules);
  if (key == "rule") {
    scenario.rule = value;
  } else if (key == "asked") {
    if (!value.empty()) scenario.asked.push_back(value);
  } else if (key == "plan") {
    scenario.plan.push_back(value);
  } else if (key == "explain") {
    scenario.explained.push_back(value);
  } else if (key == "next-hop") {
    TRY(scenario.world.next_hop, NextHop::parse(value));
  } else if (key == "own") {
    for (const std::string& word : words(value)) {
      if (auto address = IpAddress::parse(word)) {
        scenario.rules.own_addresses.push_back(*address);
      } else {
        TRY(DomainName name, DomainName::parse(word));
        scenario.rules.own_names.push_back(name);
      }
    }
  } else {
    return parse_demand(key, value, scenario);
  }
  return {};
}

}  // namespace

Instant world_time() { return Instant{std::chrono::hours{498'000}}; }

Result<std::vector<Scenario>> parse_scenarios(std::string_view text, const std::string& file) {
  std::vector<Scenario> out;
  std::size_t number = 0;
  std::istringstream in{std::string(text)};
  for (std::string raw; std::getline(in, raw);) {
    ++number;
    const std::string line = trimmed(raw);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("===")) {
      out.emplace_back();
      out.back().file = file;
      out.back().title = trimmed(std::string_view(line).substr(3));
      continue;
    }
    const std::string where = file + ":" + std::to_string(number) + ": ";
    if (out.empty()) return fail(ErrorKind::malformed, where + "a directive before the first '=== title'");
    if (auto parsed = parse_line(line, out.back()); !parsed) {
      return fail(ErrorKind::malformed, where + parsed.error().what);
    }
  }
  return out;
}

}  // namespace danewerk::scenarios
