// Asking one name server directly: what does this server, and no other, hold for this name?
//
// NOERROR to an update is no proof of publication (DDNS-03). Before a key is served, or a timer started, the publisher
// asks every authoritative server for the records and their signatures and verifies them (signature.h). No cache and no
// resolver in between; no AD bit, no trust: only signatures count.
#pragma once

#include <optional>

#include "base/instant.h"
#include "io/runtime/entropy.h"
#include "io/runtime/task.h"
#include "types/ip_address.h"
#include "types/zone_change.h"

namespace danewerk::io::dns {

struct ServerAnswer {
  types::Endpoint server;
  types::Existence existence = types::Existence::no_data;
  bool authoritative = false;              ///< AA: the server holds the zone itself
  types::RrSet set;                        ///< at the name asked, of the type asked, as this server has it
  std::vector<Bytes> signatures;           ///< RRSIG RDATA covering `set`
  std::optional<types::DomainName> alias;  ///< the name holds a CNAME instead; ask for that type to verify it
};

/// UDP, over TCP if truncated. Errors: unavailable, timeout, refused (an RCODE other than NOERROR and NXDOMAIN, named),
/// malformed.
Task<Result<ServerAnswer>> ask_server(types::Endpoint server, types::DnsQuestion question, Entropy& entropy, Duration deadline);

/// Reads a reply to `question` from `server`. Errors: refused, malformed.
Result<ServerAnswer> read_server_reply(ByteView wire, const types::Endpoint& server, const types::DnsQuestion& question);

/// The serial of the zone at this server. Errors as above; not_found where it does not hold the zone.
Task<Result<std::uint32_t>> ask_serial(types::Endpoint server, types::DomainName zone, Entropy& entropy, Duration deadline);

}  // namespace danewerk::io::dns
