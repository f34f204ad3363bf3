#include "io/dns/signed_reply.h"

#include "io/dns/exchange.h"
#include "io/dns/message.h"
#include "io/dns/packet.h"
#include "io/runtime/together.h"

namespace danewerk::io::dns {
namespace {

constexpr std::size_t most_in_a_reply = 500;

}  // namespace

Result<std::vector<WireRecord>> read_records(ByteView wire, const types::DnsQuestion& question) {
  const std::string what = question.to_string() + ": ";
  auto packet = Packet::parse(wire);
  if (!packet) return fail(ErrorKind::malformed, what + packet.error().what);
  const std::uint16_t rcode = knot_pkt_ext_rcode(packet->get());
  if (rcode != KNOT_RCODE_NOERROR && rcode != KNOT_RCODE_NXDOMAIN) {
    std::string why = what + "the resolver answers " + rcode_name(rcode);
    if (const auto extended = read_extended_errors(packet->get())) {
      for (const types::ExtendedError& one : *extended) why += "; " + one.to_string();
    }
    return fail(ErrorKind::refused, why);
  }
  std::vector<WireRecord> out;
  for (const knot_section_t part : {KNOT_ANSWER, KNOT_AUTHORITY}) {
    const knot_pktsection_t* section = knot_pkt_section(packet->get(), part);
    if (out.size() + section->count > most_in_a_reply) return fail(ErrorKind::limit, what + "more than " + std::to_string(most_in_a_reply) + " records");
    for (std::uint16_t i = 0; i < section->count; ++i) {
      const knot_rrset_t* rr = knot_pkt_rr(section, i);
      if (rr->rclass != KNOT_CLASS_IN) continue;
      const ByteView rdata = rdata_view(*rr);
      const std::uint16_t type = is_short_tlsa(*rr) ? static_cast<std::uint16_t>(types::RecordType::tlsa) : rr->type;
      out.push_back({Bytes(rr->owner, rr->owner + knot_dname_size(rr->owner)), type, Bytes(rdata.begin(), rdata.end())});
    }
  }
  return out;
}

Task<Result<std::vector<WireRecord>>> ask_signed(types::Endpoint resolver, types::DnsQuestion question, Entropy& entropy, Duration deadline) {
  const auto id = static_cast<std::uint16_t>(entropy.number());
  DnsQuery query;
  query.server = resolver;
  query.id = id;
  query.question = question;
  query.wire = build_query(id, question, Recursion::desired);
  CO_TRY(const Bytes reply, co_await within(deadline, exchange(std::move(query))));
  co_return read_records(reply, question);
}

}  // namespace danewerk::io::dns
