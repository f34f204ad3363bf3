#include "engine/dnssec/document.h"

#include <algorithm>

namespace danewerk::engine::dnssec {
namespace {

constexpr const char* format_name = "danewerk-proof-1";
constexpr std::uint8_t sha256 = 2;

Failure<Error> malformed(const std::string& why) { return fail(ErrorKind::malformed, "the proof: " + why); }

std::string dumped(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Result<std::string> text(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_string()) return malformed(std::string("'") + name + "' is not there or no text");
  return json[name].get<std::string>();
}

Result<std::uint32_t> number(const Json& json, const char* name, std::uint32_t most) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_number_unsigned() || json[name].get<std::uint64_t>() > most) {
    return malformed(std::string("'") + name + "' is not there or no number up to " + std::to_string(most));
  }
  return json[name].get<std::uint32_t>();
}

Result<Name> name_of(const Json& json, const char* member) {
  TRY(const std::string written, text(json, member));
  return Name::parse(written);
}

Json hex_list(const std::vector<Bytes>& octets) {
  Json out = Json::array();
  for (const Bytes& one : octets) out.push_back(to_hex(one));
  return out;
}

Result<std::vector<Bytes>> read_hex_list(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name) || !json[name].is_array() || json[name].size() > most_records_in_set) {
    return malformed(std::string("'") + name + "' is no list of up to " + std::to_string(most_records_in_set));
  }
  std::vector<Bytes> out;
  for (const Json& one : json[name]) {
    if (!one.is_string()) return malformed(std::string("'") + name + "' holds what is no text");
    TRY(Bytes octets, parse_hex(one.get<std::string>()));
    if (octets.size() > 0xffff) return malformed("a record longer than 65535 octets");
    out.push_back(std::move(octets));
  }
  return out;
}

constexpr RecordType known_types[] = {RecordType::a,     RecordType::ns,   RecordType::cname,  RecordType::soa,   RecordType::mx,   RecordType::aaaa,
                                      RecordType::dname, RecordType::ds,   RecordType::dnskey, RecordType::nsec, RecordType::nsec3, RecordType::tlsa};

Json of(const RecordSet& set) {
  return {{"name", set.owner.to_string()}, {"type", types::to_string(set.type)}, {"rdata", hex_list(set.rdatas)}, {"rrsig", hex_list(set.signatures)}};
}

Result<RecordSet> read_set(const Json& json) {
  RecordSet set;
  TRY(set.owner, name_of(json, "name"));
  TRY(const std::string type, text(json, "type"));
  const auto known = std::find_if(std::begin(known_types), std::end(known_types), [&](RecordType one) { return types::to_string(one) == type; });
  if (known == std::end(known_types)) return malformed("a set of type '" + type + "', which proves nothing");
  set.type = *known;
  TRY(set.rdatas, read_hex_list(json, "rdata"));
  TRY(set.signatures, read_hex_list(json, "rrsig"));
  TRY_VOID(check_canonical(set));
  return set;
}

Json of(const std::vector<RecordSet>& sets) {
  Json out = Json::array();
  for (const RecordSet& set : sets) out.push_back(of(set));
  return out;
}

Result<std::vector<RecordSet>> read_set_list(const Json& json) {
  if (!json.is_array() || json.size() > most_sets) return malformed("'sets' is no list of up to " + std::to_string(most_sets));
  std::vector<RecordSet> out;
  for (const Json& one : json) {
    TRY(RecordSet set, read_set(one));
    out.push_back(std::move(set));
  }
  return out;
}

Json of(const Claim& claim) {
  Json json{{"at", to_rfc3339(claim.at)}, {"next_hop", claim.next_hop.to_string()}, {"way", claim.way == Way::mx ? "mx" : "named"},
            {"host", claim.host.to_string()}, {"base", claim.base.to_string()}, {"port", claim.port}, {"record", to_hex(claim.record)},
            {"depth", claim.depth}};
  json["presented"] = Json::array();
  for (const CertificateHashes& one : claim.presented) json["presented"].push_back({{"cert_sha256", one.cert_sha256}, {"spki_sha256", one.spki_sha256}});
  return json;
}

Result<Claim> read_claim(const Json& json) {
  Claim claim;
  TRY(const std::string at, text(json, "at"));
  TRY(claim.at, parse_rfc3339(at));
  TRY(claim.next_hop, name_of(json, "next_hop"));
  TRY(const std::string way, text(json, "way"));
  if (way != "mx" && way != "named") return malformed("'way' is neither mx nor named");
  claim.way = way == "mx" ? Way::mx : Way::named;
  TRY(claim.host, name_of(json, "host"));
  TRY(claim.base, name_of(json, "base"));
  TRY(const std::uint32_t port, number(json, "port", 0xffff));
  claim.port = static_cast<std::uint16_t>(port);
  TRY(const std::string record, text(json, "record"));
  TRY(claim.record, parse_hex(record));
  TRY(claim.depth, number(json, "depth", 100));
  if (!json.contains("presented") || !json["presented"].is_array()) return malformed("'presented' is no list");
  for (const Json& one : json["presented"]) {
    CertificateHashes hashes;
    TRY(hashes.cert_sha256, text(one, "cert_sha256"));
    TRY(hashes.spki_sha256, text(one, "spki_sha256"));
    claim.presented.push_back(std::move(hashes));
  }
  return claim;
}

Json body_of(const Document& document) {
  return {{"format", format_name}, {"log", document.log}, {"claim", of(document.claim)}, {"sets", of(document.sets)}};
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    out.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return out;
}

/// `words` begins with the first number of the record.
Result<TrustAnchor> read_anchor(RecordType type, std::vector<std::string_view> words) {
  TrustAnchor out{type, {}};
  if (words.size() < 4) return fail(ErrorKind::malformed, types::to_string(type) + " is cut short");
  for (int i = 0; i < 3; ++i) {
    const bool wide = i == 0;
    const std::string_view word = words[static_cast<std::size_t>(i)];
    unsigned value = 0;
    for (const char digit : word) {
      if (digit < '0' || digit > '9' || value > 0xffff) return fail(ErrorKind::malformed, "'" + std::string(word) + "' is no number");
      value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    if (value > (wide ? 0xffffU : 0xffU)) return fail(ErrorKind::malformed, "a number too large");
    if (wide) out.rdata.push_back(static_cast<std::uint8_t>(value >> 8));
    out.rdata.push_back(static_cast<std::uint8_t>(value & 0xff));
  }
  std::string rest;
  for (std::size_t i = 3; i < words.size(); ++i) rest += words[i];
  TRY(const Bytes octets, type == RecordType::ds ? parse_hex(rest) : parse_base64(rest));
  out.rdata.insert(out.rdata.end(), octets.begin(), octets.end());
  return out;
}

Result<std::optional<TrustAnchor>> read_anchor_line(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line.substr(0, line.find(';')));
  if (words.empty()) return std::optional<TrustAnchor>{};
  if (words[0] != ".") return fail(ErrorKind::malformed, "'" + std::string(words[0]) + "' is not the root: \". DS ...\" or \". DNSKEY ...\" is meant");
  for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 4); ++i) {
    if (words[i] != "DS" && words[i] != "DNSKEY") continue;
    const RecordType type = words[i] == "DS" ? RecordType::ds : RecordType::dnskey;
    TRY(TrustAnchor anchor, read_anchor(type, {words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end()}));
    return std::optional(std::move(anchor));
  }
  return fail(ErrorKind::malformed, "neither DS nor DNSKEY");
}

}  // namespace

std::string write_document(const Document& document, const Crypto& crypto) {
  Json json = body_of(document);
  json["digest"] = to_hex(crypto.digest(sha256, as_bytes(dumped(json))).value_or(Bytes{}));
  return dumped(json);
}

Result<Document> read_document(std::string_view written, const Crypto& crypto) {
  if (written.size() > largest_document) return malformed("more than " + std::to_string(largest_document) + " octets");
  const Json json = Json::parse(written, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return malformed("no JSON object");
  TRY(const std::string format, text(json, "format"));
  if (format != format_name) return malformed("format '" + format + "'; this program knows " + format_name);
  Document out;
  if (!json.contains("log") || !json["log"].is_object()) return malformed("'log' is no object");
  out.log = json["log"];
  if (!json.contains("claim") || !json.contains("sets")) return malformed("it lacks 'claim' or 'sets'");
  TRY(out.claim, read_claim(json["claim"]));
  TRY(out.sets, read_set_list(json["sets"]));
  if (write_document(out, crypto) != written) return malformed("it was changed or damaged: what it says and its digest do not agree");
  return out;
}

std::string write_sets(const std::vector<RecordSet>& sets) { return of(sets).dump(); }

Result<std::vector<RecordSet>> read_sets(std::string_view written) {
  const Json json = Json::parse(written, nullptr, false);
  if (json.is_discarded()) return fail(ErrorKind::corrupt, "a stored proof is no JSON");
  return read_set_list(json);
}

Result<std::vector<TrustAnchor>> read_trust_anchors(std::string_view written) {
  std::vector<TrustAnchor> out;
  for (std::size_t line = 1; !written.empty(); ++line) {
    const std::size_t end = std::min(written.find('\n'), written.size());
    auto anchor = read_anchor_line(written.substr(0, end));
    if (!anchor) return fail(ErrorKind::malformed, "line " + std::to_string(line) + ": " + anchor.error().what);
    if (*anchor) out.push_back(**anchor);
    written.remove_prefix(std::min(end + 1, written.size()));
  }
  if (out.empty()) return fail(ErrorKind::malformed, "no key of the root is in it");
  return out;
}

}  // namespace danewerk::engine::dnssec
