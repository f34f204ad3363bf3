#include "io/dns/server_query.h"

#include "io/dns/exchange.h"
#include "io/dns/message.h"
#include "io/dns/packet.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {
namespace {

using types::RecordType;

constexpr std::size_t most_records = 1000;

/// Sorts one record of the answer section into the answer.
Result<void> take_record(const knot_rrset_t& rr, const Bytes& owner, ServerAnswer& out) {
  if (rr.rclass != KNOT_CLASS_IN || !knot_dname_is_case_equal(rr.owner, owner.data())) return {};
  const ByteView rdata = rdata_view(rr);
  if (rr.type == static_cast<std::uint16_t>(out.set.type)) {
    out.set.ttl = out.set.rdatas.empty() ? Ttl{rr.ttl} : std::min(out.set.ttl, Ttl{rr.ttl});
    out.set.rdatas.emplace_back(rdata.begin(), rdata.end());
  } else if (rr.type == KNOT_RRTYPE_RRSIG && rdata.size() > 2) {
    if (knot_rrsig_type_covered(rr.rrs.rdata) == static_cast<std::uint16_t>(out.set.type)) out.signatures.emplace_back(rdata.begin(), rdata.end());
  } else if (rr.type == KNOT_RRTYPE_CNAME) {
    TRY(const types::RecordData record, read_record(RecordType::cname, rdata));
    out.alias = std::get<types::NameRecord>(record).target;
  }
  return {};
}

}  // namespace

Result<ServerAnswer> read_server_reply(ByteView wire, const types::Endpoint& server, const types::DnsQuestion& question) {
  const std::string where = question.to_string() + " at " + server.to_string() + ": ";
  auto packet = Packet::parse(wire);
  if (!packet) return fail(ErrorKind::malformed, where + packet.error().what);
  const std::uint16_t rcode = knot_pkt_ext_rcode(packet->get());
  if (rcode != KNOT_RCODE_NOERROR && rcode != KNOT_RCODE_NXDOMAIN) return fail(ErrorKind::refused, where + "the server says " + rcode_name(rcode));
  ServerAnswer out;
  out.server = server;
  out.authoritative = knot_wire_get_aa((*packet)->wire) != 0;
  out.set.name = question.name;
  out.set.type = question.type;
  const Bytes owner = types::to_wire(question.name);
  const knot_pktsection_t* section = knot_pkt_section(packet->get(), KNOT_ANSWER);
  if (section->count > most_records) return fail(ErrorKind::limit, where + std::to_string(section->count) + " records");
  for (std::uint16_t i = 0; i < section->count; ++i) {
    if (auto taken = take_record(*knot_pkt_rr(section, i), owner, out); !taken) return fail(ErrorKind::malformed, where + taken.error().what);
  }
  const bool empty = out.set.rdatas.empty();
  out.existence = !empty                                             ? types::Existence::records
                  : rcode == KNOT_RCODE_NXDOMAIN && !out.alias ? types::Existence::no_name
                                                                     : types::Existence::no_data;
  return out;
}

Task<Result<ServerAnswer>> ask_server(types::Endpoint server, types::DnsQuestion question, Entropy& entropy, Duration deadline) {
  const auto id = static_cast<std::uint16_t>(entropy.number());
  DnsQuery query;
  query.server = server;
  query.id = id;
  query.question = question;
  query.wire = build_query(id, question, Recursion::none);
  CO_TRY(const Bytes reply, co_await within(deadline, exchange(std::move(query))));
  co_return read_server_reply(reply, server, question);
}

Task<Result<std::uint32_t>> ask_serial(types::Endpoint server, types::DomainName zone, Entropy& entropy, Duration deadline) {
  types::DnsQuestion question{zone, RecordType::soa};
  CO_TRY(const ServerAnswer answer, co_await ask_server(server, question, entropy, deadline));
  constexpr std::size_t five_numbers = 20;
  if (answer.set.rdatas.size() != 1 || answer.set.rdatas[0].size() <= five_numbers) {
    co_return fail(ErrorKind::not_found, server.to_string() + " does not hold zone " + zone.to_string());
  }
  const Bytes& soa = answer.set.rdatas[0];
  co_return knot_wire_read_u32(soa.data() + soa.size() - five_numbers);
}

}  // namespace danewerk::io::dns
