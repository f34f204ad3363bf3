#include "engine/lifecycle/expectation.h"

namespace danewerk::lifecycle {
namespace {

using types::DnsQuestion;
using types::RecordType;

constexpr std::size_t most_other_hosts = 5;
constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";

/// 10 octets, 16 characters.
std::string token_text(const types::ControlToken& token) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t octet : token) {
    bits = bits << 8 | octet;
    held += 8;
    while (held >= 5) {
      held -= 5;
      out.push_back(base32[bits >> held & 31]);
    }
  }
  return out;
}

std::string line(const types::DomainName& owner, Ttl ttl, const std::string& rest) {
  return owner.to_string() + ". " + std::to_string(ttl.count()) + " IN " + rest;
}

}  // namespace

types::DomainName control_owner(const types::DomainName& domain) { return domain.prefixed("_danewerk-challenge"); }

std::string control_text(const types::ControlToken& token) { return "danewerk-verification=" + token_text(token); }

std::string control_record(const types::DomainName& domain, const types::ControlToken& token) {
  return line(control_owner(domain), usual_mx_ttl, "TXT \"" + control_text(token) + "\"");
}

std::string mx_record(const Expectation& expected, Ttl ttl) { return line(expected.domain, ttl, "MX 0 " + expected.host.to_string() + "."); }

std::string tls_rpt_record(const types::DomainName& domain) {
  return line(domain.prefixed("_smtp._tls"), usual_mx_ttl, "TXT \"v=TLSRPTv1; rua=mailto:tls-reports@" + domain.to_string() + "\"");
}

std::vector<DnsQuestion> first_questions(const Expectation& expected) {
  std::vector<DnsQuestion> out{{expected.domain, RecordType::mx}};
  constexpr std::size_t room = 253 - 20;  // the longest label we put before it, with its dot
  if (expected.domain.text().size() <= room) {
    out.push_back({control_owner(expected.domain), RecordType::txt});
    out.push_back({expected.domain.prefixed("_smtp._tls"), RecordType::txt});
  }
  if (expected.host.is_root()) return out;
  out.push_back({expected.host, RecordType::a});
  out.push_back({expected.host, RecordType::aaaa});
  if (expected.host.text().size() <= room) out.push_back({expected.host.prefixed("_25._tcp"), RecordType::tlsa});
  return out;
}

std::vector<DnsQuestion> further_questions(const Expectation& expected, const types::DomainSight& sight) {
  std::vector<DnsQuestion> out;
  const types::Lookup* mx = sight.find(expected.domain, RecordType::mx);
  if (mx == nullptr || !mx->has_value()) return out;
  std::size_t hosts = 0;
  for (const types::MxRecord& record : (*mx)->value.all<types::MxRecord>()) {
    if (!record.exchange || record.exchange->is_root() || *record.exchange == expected.host || ++hosts > most_other_hosts) continue;
    out.push_back({*record.exchange, RecordType::a});
    out.push_back({*record.exchange, RecordType::aaaa});
  }
  return out;
}

}  // namespace danewerk::lifecycle
