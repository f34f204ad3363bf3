// ZoneUpdater: carries out a ZoneChange at the primary name server, whole or not at all.
//
// One DNS UPDATE message (RFC 2136) over TCP, signed with TSIG (RFC 8945). Success is a reply that is signed with the
// same key over our request and says NOERROR; nothing else is. An unsigned reply, or one whose signature does not hold,
// is an error even if it says NOERROR, and our clock is never adjusted to what a reply claims (DDNS-07).
//
// NOERROR says that the primary has the change in stable storage, not that anybody can see it: read it back from every
// server (server_query.h) before relying on it (DDNS-03). A lost reply leaves open whether the change was made: that is
// why a change carries as prerequisite what we believe is there, and may then be sent again (DDNS-02, DDNS-04).
//
// conformance DDNS-01..09.
#pragma once

#include <cstdint>
#include <string>

#include "io/dns/tsig_key.h"
#include "io/runtime/entropy.h"
#include "io/runtime/task.h"
#include "types/ip_address.h"
#include "types/zone_change.h"

namespace danewerk::io::dns {

enum class UpdateErrorKind : std::uint8_t {
  prerequisite_failed,  ///< NXDOMAIN, YXDOMAIN, NXRRSET, YXRRSET: somebody else was there; read again, plan again
  not_authoritative,    ///< NOTAUTH: the server does not hold the zone
  not_in_zone,          ///< NOTZONE, or a name we were given lies outside: nothing was sent
  refused,              ///< REFUSED: the key may not do this
  server_failure,       ///< SERVFAIL: retryable (a neighbour's failure in Knot's queue reads like this)
  not_implemented,      ///< NOTIMP
  format_error,         ///< FORMERR: the server does not understand us
  bad_key,              ///< TSIG BADKEY: the server does not know the key
  bad_signature,        ///< TSIG BADSIG: the secrets differ
  bad_time,             ///< TSIG BADTIME: the clocks differ
  bad_truncation,       ///< TSIG BADTRUNC
  unsigned_reply,       ///< a reply without TSIG, whatever it says
  bad_reply,            ///< a reply we cannot read, or whose signature does not hold
  too_large,            ///< the change does not fit one message: split it; nothing was sent
  invalid_change,       ///< the change contradicts itself; nothing was sent
  unreachable,          ///< no connection
  timeout,              ///< no reply in time: the change may have been made
};

const char* to_string(UpdateErrorKind kind) noexcept;

struct UpdateError {
  UpdateErrorKind kind = UpdateErrorKind::server_failure;
  std::string what;

  /// True where the same change may simply be sent again later (DDNS-04).
  bool is_retryable() const noexcept;
  /// True where the change may have been made although this is an error.
  bool may_have_happened() const noexcept;
};

class ZoneUpdater {
 public:
  virtual ~ZoneUpdater() = default;
  /// An empty change (nothing to delete or add) still checks its prerequisites.
  virtual Task<Result<void, UpdateError>> apply(types::ZoneChange change) = 0;
};

struct UpdateSettings {
  types::Endpoint server;
  TsigKey key;
  Duration deadline = std::chrono::seconds(30);  ///< Knot takes 2.6 s for one update of a zone with a million names
};

/// The ZoneUpdater of the program. Several may run at once; each apply() opens its own connection.
class DnsZoneUpdater final : public ZoneUpdater {
 public:
  DnsZoneUpdater(UpdateSettings settings, Entropy& entropy) : settings_(std::move(settings)), entropy_(entropy) {}
  Task<Result<void, UpdateError>> apply(types::ZoneChange change) override;

 private:
  UpdateSettings settings_;
  Entropy& entropy_;
};

}  // namespace danewerk::io::dns
