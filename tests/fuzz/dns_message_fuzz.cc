// Replies from a resolver and from name servers, from hostile hands. The first octet picks the question, the rest is the
// reply, whose question section is made to fit where it is long enough.
// Held: every reply ends as an answer within our bounds or as one of the errors a reply can cause; existence and records
// agree; what does not belong to the query is never read as an answer; no signature verifies by a key we made up.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "io/dns/message.h"
#include "io/dns/server_query.h"
#include "io/dns/signature.h"

namespace {

using namespace danewerk;
using types::RecordType;

constexpr std::uint16_t id = 0x1234;
constexpr RecordType types_asked[] = {RecordType::a,     RecordType::aaaa, RecordType::mx,  RecordType::txt, RecordType::tlsa,
                                      RecordType::cname, RecordType::soa,  RecordType::ns,  RecordType::ds,  RecordType::dnskey};

void hold(const types::Lookup& lookup, const types::DnsQuestion& question, const io::dns::AnswerLimits& limits) {
  if (!lookup) {
    using Kind = types::LookupErrorKind;
    const Kind kind = lookup.error().kind;
    CHECK(kind == Kind::malformed || kind == Kind::too_large || kind == Kind::alias_loop || kind == Kind::bogus ||
          kind == Kind::server_failure || kind == Kind::refused);
    CHECK(lookup.error().what.starts_with(question.to_string() + ": "));
    return;
  }
  CHECK(lookup->value.question == question);
  CHECK(lookup->value.records.empty() == (lookup->value.existence != types::Existence::records));
  CHECK(lookup->value.records.size() <= limits.max_records && lookup->value.aliases.size() <= limits.max_aliases);
  CHECK(question.type != RecordType::tlsa || lookup->value.records.size() <= limits.max_tlsa);
  CHECK(lookup->ttl <= limits.max_ttl);
  CHECK(lookup->value.existence == types::Existence::records || lookup->ttl <= limits.max_negative_ttl);
  CHECK(lookup->status == types::DnssecStatus::secure || lookup->status == types::DnssecStatus::insecure);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const types::DnsQuestion question{*types::DomainName::parse("a.test"), types_asked[data[0] % std::size(types_asked)]};
  Bytes wire(data + 1, data + size);
  const Bytes query = io::dns::build_query(id, question, io::dns::Recursion::desired);
  constexpr std::size_t header = 12, question_size = 12;
  if (wire.size() >= header + question_size && (data[0] & 0x80) == 0) {
    std::copy_n(query.begin() + header, question_size, wire.begin() + header);
  }
  const Instant now = Instant{} + std::chrono::seconds(1'800'000'000);
  const io::dns::AnswerLimits limits;
  const bool ours = io::dns::belongs_to(wire, id, question);
  const types::Lookup lookup = io::dns::read_reply(wire, question, now, limits);
  hold(lookup, question, limits);
  const bool same_id = wire.size() >= 2 && wire[0] == id >> 8 && wire[1] == (id & 0xff);
  CHECK(!lookup.has_value() || ours || !same_id);
  const types::Endpoint server = *types::Endpoint::parse("192.0.2.53:53");
  const auto direct = io::dns::read_server_reply(wire, server, question);
  if (!direct) return 0;
  const std::vector<Bytes> keys{Bytes{1, 1, 3, 13, 0}, Bytes(68, 3)};
  CHECK(!io::dns::verify_rrset(direct->set, direct->signatures, question.name, keys, now).has_value());
  for (const Bytes& signature : direct->signatures) static_cast<void>(io::dns::read_signature(signature, now));
  for (const Bytes& rdata : direct->set.rdatas) static_cast<void>(io::dns::ds_of(question.name, rdata));
  return 0;
}
