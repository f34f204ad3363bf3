// How a zone looks from one of its servers, and how its parent delegates it.
//
// The publisher reads back the records it wrote (server_query.h); this looks at what holds them up: serial, the life of the
// signatures, the name servers, and what the parent's servers refer to. A parent's servers answer a question for our zone with a
// referral, whose NS records stand in the authority section without AA (RFC 1034 4.2.1, RFC 9471).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/runtime/clock.h"
#include "io/runtime/entropy.h"
#include "io/runtime/task.h"
#include "types/ip_address.h"
#include "types/zone_change.h"

namespace danewerk::io::dns {

struct ZoneView {
  std::uint32_t serial = 0;
  Duration expire{};
  std::vector<types::DomainName> name_servers;
  std::vector<Bytes> keys;                ///< DNSKEY RDATA
  std::vector<Bytes> cds;                 ///< CDS RDATA
  std::vector<Bytes> cdnskey;             ///< CDNSKEY RDATA
  std::optional<Instant> signed_until;    ///< the earliest end of the signatures of what was asked
  std::string fault;                      ///< what is unsigned or wrongly signed; empty where nothing is
};

struct ZoneQuestions {
  types::DomainName zone;
  std::vector<types::DnsQuestion> besides;  ///< more whose signatures count
  std::optional<std::vector<Bytes>> keys;   ///< verify by these; nothing: by those this server shows
  Duration deadline = std::chrono::seconds(5);
};

/// Error: as ask_server; not_found where the server does not hold the zone, or is not authoritative for it.
Task<Result<ZoneView>> view_zone(types::Endpoint server, ZoneQuestions questions, Entropy& entropy, const Clock& clock);

/// The name servers to which `server`, one of the parent's, delegates `zone`. Errors: as ask_server; not_found where it refers to none.
Task<Result<std::vector<types::DomainName>>> ask_delegation(types::Endpoint server, types::DomainName zone, Entropy& entropy, Duration deadline);

/// The reply to it. Errors: malformed, refused, not_found.
Result<std::vector<types::DomainName>> read_delegation(ByteView wire, const types::Endpoint& server, const types::DomainName& zone);

}  // namespace danewerk::io::dns
