#include "engine/dnssec/proof.h"

#include <algorithm>

namespace danewerk::engine::dnssec {
namespace {

using Weight = Finding::Weight;

Failure<Error> refused(std::string why) { return fail(ErrorKind::refused, std::move(why)); }

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : "; ") + part;
  return out;
}

std::string aliases_text(const Answer& answer) {
  std::string out;
  for (const Name& alias : answer.aliases) out += (out.empty() ? " (an alias of " : ", ") + alias.to_string();
  return out.empty() ? out : out + ")";
}

bool names(const Answer& mx, const Name& host) {
  return std::any_of(mx.records.begin(), mx.records.end(), [&](const Bytes& rdata) {
    std::size_t size = 0;
    constexpr std::size_t preference = 2;
    if (rdata.size() <= preference) return false;
    const auto exchange = Name::read(ByteView(rdata).subspan(preference), size);
    return exchange && *exchange == host && preference + size == rdata.size();
  });
}

/// One walk, from the domain to the record.
class Walk {
 public:
  Walk(const Claim& claim, Chain& chain) : claim_(claim), answerer_(chain) {}
  Result<void> to_host();
  Result<void> to_base();
  Result<void> to_record();
  Result<void> through_the_log();
  std::vector<Finding> findings;

 private:
  void say(Weight weight, std::string text) { findings.push_back({weight, std::move(text)}); }

  const Claim& claim_;
  Answerer answerer_;
};

/// RFC 7672 2.2.1.
Result<void> Walk::to_host() {
  const std::string domain = claim_.next_hop.to_string(), host = claim_.host.to_string();
  if (claim_.way == Way::named) {
    say(Weight::log, host + " was named by the operator or the recipient's address; no MX record took part");
    return {};
  }
  const Answer mx = answerer_.answer(claim_.next_hop, RecordType::mx);
  switch (mx.kind) {
    case Answer::Kind::records:
      if (!names(mx, claim_.host)) return refused("the MX records of " + domain + " do not name " + host);
      say(Weight::proven, domain + aliases_text(mx) + " names " + host + " as a mail exchanger: " + joined(mx.steps));
      return {};
    case Answer::Kind::no_data:
      if (mx.name != claim_.host && claim_.next_hop != claim_.host) return refused(domain + " has no MX record, so " + host + " is not its mail exchanger");
      say(Weight::proven, domain + aliases_text(mx) + " has no MX record and is its own mail exchanger (RFC 5321 5.1): " + joined(mx.steps));
      return {};
    case Answer::Kind::insecure:
      say(Weight::unsigned_link, "that " + host + " takes mail for " + domain + " is NOT proven: " + mx.why + "; what follows is about the host alone");
      return {};
    case Answer::Kind::no_name: return refused(domain + " does not exist");
    case Answer::Kind::unproven: break;
  }
  return refused("the mail exchangers of " + domain + " are not proven: " + mx.why);
}

/// RFC 7672 2.2.2: a host that is an alias has its records under the name it leads to, or else under its own.
Result<void> Walk::to_base() {
  const std::string host = claim_.host.to_string();
  Answer address = answerer_.answer(claim_.host, RecordType::a);
  Answer other = answerer_.answer(claim_.host, RecordType::aaaa);
  if (address.kind != Answer::Kind::records && (other.kind == Answer::Kind::records || address.kind == Answer::Kind::unproven)) std::swap(address, other);
  if (address.kind == Answer::Kind::unproven) return refused("the addresses of " + host + " are not proven: " + address.why);
  if (address.kind == Answer::Kind::insecure) {
    say(Weight::unsigned_link, "the addresses of " + host + aliases_text(address) + " are NOT proven: " + address.why);
  } else {
    say(Weight::proven, "the addresses of " + host + aliases_text(address) + " are signed: " + joined(address.steps));
  }
  if (claim_.base == claim_.host) {
    if (address.aliases.empty()) return {};
    const auto expanded = tlsa_name(address.name, claim_.port);
    if (!expanded) return {};
    const Answer tlsa = answerer_.answer(*expanded, RecordType::tlsa);
    if (tlsa.kind == Answer::Kind::unproven) return refused(expanded->to_string() + " TLSA comes first and is not proven: " + tlsa.why);
    say(tlsa.kind == Answer::Kind::insecure ? Weight::unsigned_link : Weight::proven,
        expanded->to_string() + " TLSA, which comes first, is " + to_string(tlsa.kind) + ": " + (tlsa.why.empty() ? joined(tlsa.steps) : tlsa.why));
    return {};
  }
  if (address.aliases.empty() || address.name != claim_.base) return refused(host + " does not lead to " + claim_.base.to_string());
  return {};
}

Result<void> Walk::to_record() {
  const auto name = tlsa_name(claim_.base, claim_.port);
  const std::string record = tlsa_text(claim_.record);
  if (!name || record.empty()) return refused("the record that matched is none");
  const Answer tlsa = answerer_.answer(*name, RecordType::tlsa);
  if (tlsa.kind != Answer::Kind::records) {
    return refused(name->to_string() + " TLSA is " + to_string(tlsa.kind) + ", not proven to hold the record: " + tlsa.why);
  }
  if (std::find(tlsa.records.begin(), tlsa.records.end(), claim_.record) == tlsa.records.end()) {
    return refused(name->to_string() + " TLSA does not hold " + record);
  }
  say(Weight::proven, name->to_string() + aliases_text(tlsa) + " published TLSA " + record + " at " + to_rfc3339(claim_.at) + ": " + joined(tlsa.steps));
  return {};
}

/// The log must at least agree with itself: a digest of a certificate it recorded can be compared with the record.
Result<void> Walk::through_the_log() {
  const std::uint8_t selector = claim_.record[1], matching = claim_.record[2];
  constexpr std::uint8_t sha256 = 1;
  if (matching == sha256 && selector <= 1 && claim_.depth < claim_.presented.size()) {
    const CertificateHashes& one = claim_.presented[claim_.depth];
    const std::string& recorded = selector == 1 ? one.spki_sha256 : one.cert_sha256;
    if (recorded != to_hex(ByteView(claim_.record).subspan(3))) return refused("the certificate in our log does not match the record");
    say(Weight::log, std::string("our log says that the server presented a certificate whose ") + (selector == 1 ? "public key" : "content") +
                         " has this SHA-256, and that the message was delivered to it");
  } else {
    say(Weight::log, "our log says that the server presented a chain which this record matched, and that the message was delivered to it");
  }
  return {};
}

}  // namespace

std::optional<Name> tlsa_name(const Name& base, std::uint16_t port) {
  const auto protocol = base.child("_tcp");
  return protocol ? protocol->child("_" + std::to_string(port)) : std::nullopt;
}

std::string tlsa_text(ByteView rdata) {
  if (rdata.size() <= 3) return "";
  return std::to_string(rdata[0]) + " " + std::to_string(rdata[1]) + " " + std::to_string(rdata[2]) + " " + to_hex(rdata.subspan(3));
}

Result<Report> prove(const std::vector<RecordSet>& sets, const Claim& claim, const std::vector<TrustAnchor>& anchors, const Crypto& crypto) {
  Chain chain(sets, anchors, crypto, claim.at);
  Walk walk(claim, chain);
  TRY_VOID(walk.to_host());
  TRY_VOID(walk.to_base());
  TRY_VOID(walk.to_record());
  TRY_VOID(walk.through_the_log());
  return Report{std::move(walk.findings), chain.rested_on()};
}

std::vector<RecordSet> needed(const std::vector<RecordSet>& sets, const Report& report) {
  std::vector<RecordSet> out;
  for (const auto& [place, signature] : report.rests_on) {
    RecordSet set = sets[place];
    set.signatures = {sets[place].signatures[signature]};
    out.push_back(std::move(set));
  }
  return out;
}

Result<void> check_exact(const std::vector<RecordSet>& sets, const Report& report) {
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!report.rests_on.contains(i)) return refused(sets[i].to_string() + " is in the proof, and nothing rests on it");
    if (sets[i].signatures.size() != 1) return refused(sets[i].to_string() + " has more signatures than it needs");
  }
  return {};
}

}  // namespace danewerk::engine::dnssec
