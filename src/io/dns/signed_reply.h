// Asking the resolver for an answer with all its signatures, as records rather than as an answer.
//
// Delivery asks what is true and believes the AD bit; a proof needs the records themselves, signatures and denials too, as they
// came. The same resolver on loopback has them in its cache from the delivery, so that asking costs little and shows what it saw.
// Nothing here is believed by anybody: whoever gets these records verifies every signature.
//
// RFC 4035 3.2.1 (DO: the signatures come along); RFC 3225.
#pragma once

#include "io/runtime/entropy.h"
#include "io/runtime/task.h"
#include "types/dns_answer.h"
#include "types/ip_address.h"

namespace danewerk::io::dns {

/// One record, uncompressed, names of known types in lower case.
struct WireRecord {
  Bytes owner;
  std::uint16_t type = 0;
  Bytes rdata;
};

/// Records of the answer and authority sections, of class IN.
Result<std::vector<WireRecord>> read_records(ByteView wire, const types::DnsQuestion& question);

/// Errors: refused (the resolver's RCODE, with its extended errors), malformed, timeout, unavailable, limit.
Task<Result<std::vector<WireRecord>>> ask_signed(types::Endpoint resolver, types::DnsQuestion question, Entropy& entropy, Duration deadline);

}  // namespace danewerk::io::dns
