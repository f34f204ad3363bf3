// Messages to and from the resolver: a question becomes octets, octets become a Lookup.
//
// Everything a resolver sends is input. What does not follow the grammar, does not belong to the question, or passes our
// bounds is a LookupError that says so; never "no records" (RFC 7672 2.1.1, RES-02). What follows it becomes one answer:
// CNAMEs followed within the reply, records of the type asked at the end of the chain, TTL the least of all that took
// part. Records for other names are ignored: a reply can only answer what was asked.
//
// TLSA RDATA of 0 to 3 octets, which libknot would refuse with the whole message, is kept as published: such a record is
// unusable, and an unusable record means "TLS required" (RFC 7672 2.2), not "host unreachable".
//
// The AD bit becomes DnssecStatus::secure here. Whether that bit may be believed is for whoever chose the resolver
// (StubResolver refuses any that is not on this machine, RES-05); so nothing else calls read_reply.
//
// RFC 1035 4, RFC 2308 5, RFC 4035 3.2 and 4.9, RFC 6840 5.7, RFC 6891, RFC 8914.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/instant.h"
#include "types/dns_answer.h"

namespace danewerk::io::dns {

enum class Recursion : std::uint8_t {
  desired,  ///< to the resolver: RD and AD set, so that the reply's AD bit means something (RFC 6840 5.7)
  none,     ///< to an authoritative server
};

/// A query with EDNS (1232 octets) and DO set, CD clear: we want what the resolver holds valid (RFC 4035 3.2.2).
Bytes build_query(std::uint16_t id, const types::DnsQuestion& question, Recursion recursion);

/// Bounds on what one answer may hold; more is LookupErrorKind::too_large (the TLSA flood of conformance.md 2).
struct AnswerLimits {
  std::size_t max_tlsa = 100;
  std::size_t max_mx = 50;
  std::size_t max_records = 200;         ///< of any other type
  std::size_t max_octets = 32 * 1024;    ///< of RDATA of the type asked
  std::size_t max_aliases = 16;          ///< RES-09
  Ttl max_ttl{86400};
  Ttl max_negative_ttl{3 * 3600};        ///< RFC 9077, RFC 8198 5.4; RES-16
};

/// Whether this datagram answers this query: id, QR, opcode and question. What does not is somebody else's, and a stub
/// waits on (RFC 5452 9.1). A reply without a question is taken to belong only if it reports an error.
bool belongs_to(ByteView wire, std::uint16_t id, const types::DnsQuestion& question);

/// TC: what there is was cut; ask again over TCP (RFC 1035 4.2.1). False for anything shorter than a header.
bool is_truncated(ByteView wire);

/// The reply to `question` that came in at `now`. Never fails in another way than by a LookupError.
types::Lookup read_reply(ByteView wire, const types::DnsQuestion& question, Instant now, const AnswerLimits& limits);

}  // namespace danewerk::io::dns
