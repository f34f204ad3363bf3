#include "io/dns/message.h"

#include <algorithm>
#include <set>

#include "io/dns/packet.h"
#include "types/zone_change.h"

namespace danewerk::io::dns {
namespace {

using types::DnsAnswer;
using types::DnsQuestion;
using types::DomainName;
using types::Existence;
using types::LookupError;
using types::LookupErrorKind;
using types::RecordType;

Failure<LookupError> lookup_failure(LookupErrorKind kind, const DnsQuestion& question, const std::string& why) {
  return {LookupError{kind, question.to_string() + ": " + why, {}, {}}};
}

/// RFC 2181 8: a TTL with the top bit set means zero.
std::uint32_t sane_ttl(std::uint32_t ttl) { return ttl > 0x7fffffffU ? 0 : ttl; }

/// Signed 32-bit distance, so that RRSIG times wrap as RFC 4034 3.1.5 wants.
std::int64_t seconds_until(std::uint32_t when, Instant now) {
  const auto now32 = static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  return static_cast<std::int32_t>(when - now32);
}

/// Reads the answer section of one reply.
class AnswerReader {
 public:
  AnswerReader(const knot_pkt_t* packet, const DnsQuestion& question, Instant now, const AnswerLimits& limits)
      : packet_(packet), question_(question), now_(now), limits_(limits), at_(types::to_wire(question.name)) {}

  /// Follows the aliases, then takes the records.
  Result<DnsAnswer, LookupError> read();
  std::uint32_t ttl() const noexcept { return ttl_; }

 private:
  bool is_at(const knot_rrset_t& rr) const { return rr.rclass == KNOT_CLASS_IN && knot_dname_is_case_equal(rr.owner, at_.data()); }
  std::vector<const knot_rrset_t*> records_here(RecordType type) const;
  Result<bool, LookupError> step(DnsAnswer& answer);
  Result<bool, LookupError> take_records(DnsAnswer& answer);
  void count_ttl(const std::vector<const knot_rrset_t*>& set, RecordType type);
  std::size_t most_of(RecordType type) const {
    return type == RecordType::tlsa ? limits_.max_tlsa : type == RecordType::mx ? limits_.max_mx : limits_.max_records;
  }

  const knot_pkt_t* packet_;
  const DnsQuestion& question_;
  Instant now_;
  const AnswerLimits& limits_;
  Bytes at_;  // the name we have come to, on the wire
  std::uint32_t ttl_ = 0x7fffffffU;
};

std::vector<const knot_rrset_t*> AnswerReader::records_here(RecordType type) const {
  const knot_pktsection_t* section = knot_pkt_section(packet_, KNOT_ANSWER);
  std::vector<const knot_rrset_t*> out;
  for (std::uint16_t i = 0; i < section->count; ++i) {
    const knot_rrset_t* rr = knot_pkt_rr(section, i);
    const bool wanted = rr->type == static_cast<std::uint16_t>(type) || (type == RecordType::tlsa && is_short_tlsa(*rr));
    if (wanted && is_at(*rr)) out.push_back(rr);
  }
  return out;
}

/// The least TTL, and where there are signatures also no longer than the best of them holds (RFC 4035 5.3.3; RES-12).
void AnswerReader::count_ttl(const std::vector<const knot_rrset_t*>& set, RecordType type) {
  for (const knot_rrset_t* rr : set) ttl_ = std::min(ttl_, sane_ttl(rr->ttl));
  constexpr std::size_t fixed_part = 18;
  std::optional<std::int64_t> best;
  for (const knot_rrset_t* rr : records_here(RecordType::rrsig)) {
    if (rdata_view(*rr).size() <= fixed_part) continue;
    if (knot_rrsig_type_covered(rr->rrs.rdata) != static_cast<std::uint16_t>(type)) continue;
    const std::int64_t holds = std::min<std::int64_t>({seconds_until(knot_rrsig_sig_expiration(rr->rrs.rdata), now_),
                                                       sane_ttl(knot_rrsig_original_ttl(rr->rrs.rdata)), sane_ttl(rr->ttl)});
    best = std::max(best.value_or(0), holds);
  }
  if (best) ttl_ = static_cast<std::uint32_t>(std::min<std::int64_t>(ttl_, *best));
}

/// True while there is another alias to follow.
Result<bool, LookupError> AnswerReader::step(DnsAnswer& answer) {
  const auto aliases = records_here(RecordType::cname);
  const auto here = records_here(question_.type);
  if (question_.type == RecordType::cname || aliases.empty()) {
    count_ttl(here, question_.type);
    return take_records(answer);
  }
  if (!here.empty() || aliases.size() > 1) {
    return lookup_failure(LookupErrorKind::malformed, question_,
                          name_text(at_.data()) + " holds a CNAME beside other data (RFC 2181 10.1)");
  }
  auto target = read_record(RecordType::cname, rdata_view(*aliases[0]));
  if (!target) return lookup_failure(LookupErrorKind::malformed, question_, target.error().what);
  count_ttl(aliases, RecordType::cname);
  DomainName name = std::get<types::NameRecord>(*target).target;
  const bool seen = name == question_.name || std::find(answer.aliases.begin(), answer.aliases.end(), name) != answer.aliases.end();
  if (seen) return lookup_failure(LookupErrorKind::alias_loop, question_, "the aliases lead back to " + name.to_string());
  if (answer.aliases.size() == limits_.max_aliases) {
    return lookup_failure(LookupErrorKind::alias_loop, question_, "more than " + std::to_string(limits_.max_aliases) + " aliases");
  }
  at_ = types::to_wire(name);
  answer.aliases.push_back(std::move(name));
  return true;
}

Result<bool, LookupError> AnswerReader::take_records(DnsAnswer& answer) {
  const auto here = records_here(question_.type);
  if (here.size() > most_of(question_.type)) {
    return lookup_failure(LookupErrorKind::too_large, question_, std::to_string(here.size()) + " records, we take at most " +
                                                                     std::to_string(most_of(question_.type)));
  }
  std::size_t octets = 0;
  for (const knot_rrset_t* rr : here) {
    octets += rdata_view(*rr).size();
    auto record = read_record(question_.type, rdata_view(*rr));
    if (!record) return lookup_failure(LookupErrorKind::malformed, question_, record.error().what);
    answer.records.push_back(*std::move(record));
  }
  if (octets > limits_.max_octets) {
    return lookup_failure(LookupErrorKind::too_large, question_, std::to_string(octets) + " octets of records, we take at most " +
                                                                     std::to_string(limits_.max_octets));
  }
  return false;
}

Result<DnsAnswer, LookupError> AnswerReader::read() {
  DnsAnswer answer;
  answer.question = question_;
  for (;;) {
    TRY(const bool more, step(answer));
    if (!more) return answer;
  }
}

/// RFC 2308 5: the lesser of the SOA's TTL and its MINIMUM; without an SOA the absence may not be kept.
std::uint32_t negative_ttl(const knot_pkt_t* packet) {
  const knot_pktsection_t* section = knot_pkt_section(packet, KNOT_AUTHORITY);
  constexpr std::size_t five_numbers = 20;
  for (std::uint16_t i = 0; i < section->count; ++i) {
    const knot_rrset_t* rr = knot_pkt_rr(section, i);
    if (rr->type != KNOT_RRTYPE_SOA || rdata_view(*rr).size() <= five_numbers) continue;
    return std::min(sane_ttl(rr->ttl), sane_ttl(knot_soa_minimum(rr->rrs.rdata)));
  }
  return 0;
}

bool question_matches(const knot_pkt_t* packet, const DnsQuestion& question) {
  const Bytes name = types::to_wire(question.name);
  const knot_dname_t* asked = knot_pkt_qname(packet);
  return asked != nullptr && knot_dname_is_case_equal(asked, name.data()) &&
         knot_pkt_qtype(packet) == static_cast<std::uint16_t>(question.type) && knot_pkt_qclass(packet) == KNOT_CLASS_IN;
}

Failure<LookupError> failed_by_rcode(std::uint16_t rcode, const DnsQuestion& question,
                                     const std::vector<types::ExtendedError>& extended) {
  const auto names_validation = [](const types::ExtendedError& e) { return e.code >= 6 && e.code <= 12; };
  LookupErrorKind kind = LookupErrorKind::refused;
  if (rcode == KNOT_RCODE_SERVFAIL) {
    const bool bogus = std::any_of(extended.begin(), extended.end(), names_validation);
    kind = bogus ? LookupErrorKind::bogus : LookupErrorKind::server_failure;
  }
  std::string why = "the resolver answers " + rcode_name(rcode);
  for (const auto& error : extended) why += "; " + error.to_string();
  return lookup_failure(kind, question, why);
}

types::Lookup read_answer(const Packet& packet, const DnsQuestion& question, Instant now, const AnswerLimits& limits,
                          std::uint16_t rcode) {
  AnswerReader reader(packet.get(), question, now, limits);
  TRY(DnsAnswer answer, reader.read());
  std::uint32_t ttl = std::min(reader.ttl(), limits.max_ttl.count());
  if (answer.records.empty()) {
    answer.existence = rcode == KNOT_RCODE_NXDOMAIN ? Existence::no_name : Existence::no_data;
    ttl = std::min({ttl, negative_ttl(packet.get()), limits.max_negative_ttl.count()});
  } else if (rcode == KNOT_RCODE_NXDOMAIN) {
    return lookup_failure(LookupErrorKind::malformed, question, "the reply says NXDOMAIN and holds records");
  } else {
    answer.existence = Existence::records;
  }
  // RFC 4035 3.2.3: AD covers every RRset of the answer, so the whole chain (RES-07).
  const bool authentic = knot_wire_get_ad(packet->wire) != 0;
  types::Secured<DnsAnswer> out;
  out.value = std::move(answer);
  out.status = authentic ? types::DnssecStatus::secure : types::DnssecStatus::insecure;
  out.ttl = Ttl{ttl};
  return out;
}

types::Lookup read_unstamped(ByteView wire, const DnsQuestion& question, Instant now, const AnswerLimits& limits,
                             std::vector<types::ExtendedError>& extended) {
  auto packet = Packet::parse(wire);
  if (!packet) return lookup_failure(LookupErrorKind::malformed, question, packet.error().what);
  if (!knot_wire_get_qr((*packet)->wire) || knot_wire_get_opcode((*packet)->wire) != KNOT_OPCODE_QUERY) {
    return lookup_failure(LookupErrorKind::malformed, question, "what came back is no reply to a query");
  }
  if (knot_wire_get_tc((*packet)->wire)) return lookup_failure(LookupErrorKind::malformed, question, "the reply was cut short");
  auto errors = read_extended_errors(packet->get());
  if (!errors) return lookup_failure(LookupErrorKind::malformed, question, errors.error().what);
  extended = *errors;
  const std::uint16_t rcode = knot_pkt_ext_rcode(packet->get());
  const bool is_answer = rcode == KNOT_RCODE_NOERROR || rcode == KNOT_RCODE_NXDOMAIN;
  const bool no_question = knot_wire_get_qdcount((*packet)->wire) == 0;
  if (!question_matches(packet->get(), question) && (is_answer || !no_question)) {
    return lookup_failure(LookupErrorKind::malformed, question, "the reply is to another question");
  }
  if (!is_answer) return failed_by_rcode(rcode, question, extended);
  return read_answer(*packet, question, now, limits, rcode);
}

}  // namespace

Bytes build_query(std::uint16_t id, const DnsQuestion& question, Recursion recursion) {
  constexpr std::uint16_t room = 512;  // header 12, name 255, type and class 4, OPT 11
  Packet packet = Packet::empty(room);
  knot_wire_set_id(packet->wire, id);
  if (recursion == Recursion::desired) {
    knot_wire_set_rd(packet->wire);
    knot_wire_set_ad(packet->wire);
  }
  const Bytes name = types::to_wire(question.name);
  CHECK(knot_pkt_put_question(packet.get(), name.data(), KNOT_CLASS_IN, static_cast<std::uint16_t>(question.type)) == KNOT_EOK);
  knot_rrset_t opt;
  CHECK(knot_edns_init(&opt, edns_udp_size, 0, KNOT_EDNS_VERSION, nullptr) == KNOT_EOK);
  knot_edns_set_do(&opt);  // RES-06
  CHECK(knot_pkt_begin(packet.get(), KNOT_ADDITIONAL) == KNOT_EOK);
  CHECK(knot_pkt_put(packet.get(), KNOT_COMPR_HINT_NONE, &opt, 0) == KNOT_EOK);
  Bytes out = packet.wire();
  knot_rrset_clear(&opt, nullptr);
  return out;
}

bool belongs_to(ByteView wire, std::uint16_t id, const DnsQuestion& question) {
  if (wire.size() < header_size || knot_wire_get_id(wire.data()) != id || !knot_wire_get_qr(wire.data()) ||
      knot_wire_get_opcode(wire.data()) != KNOT_OPCODE_QUERY) {
    return false;
  }
  const auto rcode = knot_wire_get_rcode(wire.data());
  if (knot_wire_get_qdcount(wire.data()) == 0) return rcode != KNOT_RCODE_NOERROR && rcode != KNOT_RCODE_NXDOMAIN;
  const Bytes name = types::to_wire(question.name);
  constexpr std::size_t type_and_class = 4;
  if (wire.size() < header_size + name.size() + type_and_class) return false;
  if (knot_dname_wire_check(wire.data() + header_size, wire.data() + wire.size(), nullptr) != static_cast<int>(name.size())) return false;
  if (!knot_dname_is_case_equal(wire.data() + header_size, name.data())) return false;
  const std::uint8_t* type = wire.data() + header_size + name.size();
  return knot_wire_read_u16(type) == static_cast<std::uint16_t>(question.type) && knot_wire_read_u16(type + 2) == KNOT_CLASS_IN;
}

bool is_truncated(ByteView wire) { return wire.size() >= header_size && knot_wire_get_tc(wire.data()); }

types::Lookup read_reply(ByteView wire, const DnsQuestion& question, Instant now, const AnswerLimits& limits) {
  std::vector<types::ExtendedError> extended;
  types::Lookup lookup = read_unstamped(wire, question, now, limits, extended);
  if (lookup) {
    lookup->asked = now;
    lookup->extended_errors = std::move(extended);
    return lookup;
  }
  LookupError error = std::move(lookup).error();
  error.asked = now;
  error.extended_errors = std::move(extended);
  return Failure{std::move(error)};
}

}  // namespace danewerk::io::dns
