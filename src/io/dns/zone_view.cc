#include "io/dns/zone_view.h"

#include <array>

#include "io/dns/exchange.h"
#include "io/dns/message.h"
#include "io/dns/packet.h"
#include "io/dns/server_query.h"
#include "io/dns/signature.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {
namespace {

using types::RecordType;

constexpr std::size_t five_numbers = 20;  // RFC 1035 3.3.13: they end the SOA

Result<void> take_soa(const ServerAnswer& answer, const types::DomainName& zone, ZoneView& out) {
  if (answer.set.rdatas.size() != 1 || answer.set.rdatas[0].size() <= five_numbers || !answer.authoritative) {
    return fail(ErrorKind::not_found, answer.server.to_string() + " does not hold zone " + zone.to_string());
  }
  const Bytes& soa = answer.set.rdatas[0];
  const std::uint8_t* numbers = soa.data() + soa.size() - five_numbers;
  out.serial = knot_wire_read_u32(numbers);
  out.expire = std::chrono::seconds(knot_wire_read_u32(numbers + 12));
  return {};
}

Result<std::vector<types::DomainName>> names_of(const types::RrSet& set) {
  std::vector<types::DomainName> out;
  for (const Bytes& rdata : set.rdatas) {
    TRY(const types::RecordData record, read_record(RecordType::ns, rdata));
    out.push_back(std::get<types::NameRecord>(record).target);
  }
  return out;
}

Result<void> take(const ServerAnswer& answer, const types::DomainName& zone, ZoneView& out) {
  if (answer.set.name != zone) return {};
  if (answer.set.type == RecordType::soa) return take_soa(answer, zone, out);
  if (answer.set.type == RecordType::ns) {
    TRY(out.name_servers, names_of(answer.set));
  }
  if (answer.set.type == RecordType::dnskey) out.keys = answer.set.rdatas;
  if (answer.set.type == RecordType::cds) out.cds = answer.set.rdatas;
  if (answer.set.type == RecordType::cdnskey) out.cdnskey = answer.set.rdatas;
  return {};
}

void judge(const ServerAnswer& answer, const ZoneQuestions& questions, Instant now, ZoneView& out) {
  if (answer.set.rdatas.empty() || !out.fault.empty()) return;
  const auto verified = verify_rrset(answer.set, answer.signatures, questions.zone, *questions.keys, now);
  if (!verified) {
    out.fault = verified.error().what;
  } else if (!out.signed_until || verified->expiration < *out.signed_until) {
    out.signed_until = verified->expiration;
  }
}

std::vector<types::DnsQuestion> all_of(const ZoneQuestions& questions) {
  std::vector<types::DnsQuestion> out;
  for (const RecordType type : {RecordType::soa, RecordType::ns, RecordType::dnskey, RecordType::cds, RecordType::cdnskey}) {
    out.push_back({questions.zone, type});
  }
  out.insert(out.end(), questions.besides.begin(), questions.besides.end());
  return out;
}

}  // namespace

Task<Result<ZoneView>> view_zone(types::Endpoint server, ZoneQuestions questions, Entropy& entropy, const Clock& clock) {
  const std::vector<types::DnsQuestion> all = all_of(questions);
  std::vector<ServerAnswer> answers;
  ZoneView out;
  for (const types::DnsQuestion& question : all) {
    CO_TRY(ServerAnswer answer, co_await ask_server(server, question, entropy, questions.deadline));
    CO_TRY_VOID(take(answer, questions.zone, out));
    answers.push_back(std::move(answer));
  }
  if (!questions.keys) questions.keys = out.keys;
  for (const ServerAnswer& answer : answers) judge(answer, questions, clock.now(), out);
  co_return out;
}

Result<std::vector<types::DomainName>> read_delegation(ByteView wire, const types::Endpoint& server, const types::DomainName& zone) {
  const std::string where = "the delegation of " + zone.to_string() + " at " + server.to_string() + ": ";
  auto packet = Packet::parse(wire);
  if (!packet) return fail(ErrorKind::malformed, where + packet.error().what);
  const std::uint16_t rcode = knot_pkt_ext_rcode(packet->get());
  if (rcode != KNOT_RCODE_NOERROR) return fail(ErrorKind::refused, where + "the server says " + rcode_name(rcode));
  const Bytes owner = types::to_wire(zone);
  std::vector<types::DomainName> out;
  for (const knot_section_t part : {KNOT_ANSWER, KNOT_AUTHORITY}) {  // the answer, where one server holds parent and child
    const knot_pktsection_t* section = knot_pkt_section(packet->get(), part);
    for (std::uint16_t i = 0; i < section->count; ++i) {
      const knot_rrset_t* rr = knot_pkt_rr(section, i);
      if (rr->type != KNOT_RRTYPE_NS || rr->rclass != KNOT_CLASS_IN || !knot_dname_is_case_equal(rr->owner, owner.data())) continue;
      auto record = read_record(RecordType::ns, rdata_view(*rr));
      if (!record) return fail(ErrorKind::malformed, where + record.error().what);
      out.push_back(std::get<types::NameRecord>(*record).target);
    }
    if (!out.empty()) return out;
  }
  return fail(ErrorKind::not_found, where + "there is none");
}

Task<Result<std::vector<types::DomainName>>> ask_delegation(types::Endpoint server, types::DomainName zone, Entropy& entropy, Duration deadline) {
  const auto id = static_cast<std::uint16_t>(entropy.number());
  DnsQuery query;
  query.server = server;
  query.id = id;
  query.question = types::DnsQuestion{zone, RecordType::ns};
  query.wire = build_query(id, query.question, Recursion::none);
  CO_TRY(const Bytes reply, co_await within(deadline, exchange(std::move(query))));
  co_return read_delegation(reply, server, zone);
}

}  // namespace danewerk::io::dns
