// Reference names: the names that a server's certificate may carry when a DANE-TA(2) record is to match.
//
// A certificate under a trust anchor is good for the names in it, so the client must know which names it came for. That
// is a matter of how it got there: by a signed MX record, by an unsigned one, or without any. Taking one name too few
// refuses honest mail hosts; taking one too many (the next hop, when the MX record was forged) accepts an impostor.
// DANE-EE(3) needs no names at all (RFC 7672 3.1.1). RFC 7672 3.2.2, CRT-05.
#pragma once

#include <cstdint>
#include <vector>

#include "types/domain_name.h"

namespace danewerk::dane {

/// The domain the mail is for, before and after following its CNAMEs; equal where it is no alias.
struct NextHopNames {
  types::NextHopDomain original;
  types::DomainName expanded;
};

/// How the client came from the next hop to the host.
enum class MxPath : std::uint8_t {
  secure_mx,    ///< through an MX RRset (and any CNAME to it) that DNSSEC authenticated
  insecure_mx,  ///< through an MX RRset that it did not: the host's names may not be vouched for by the domain's
  no_mx,        ///< the next hop itself is the host: implicit MX or a configured relay
};

/// The base domain first, then what RFC 7672 3.2.2 adds; no name twice. Never empty.
std::vector<types::ReferenceName> reference_names(const types::TlsaBaseDomain& base, const NextHopNames& next_hop,
                                                  MxPath path);

}  // namespace danewerk::dane
