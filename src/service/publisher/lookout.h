// Lookout: goes round all servers and the resolver, and brings back one ZoneObservation.
//
// What counts is what a sender gets: so each server is asked for `_25._tcp` of a host that stands nowhere but in the
// wildcard of its shard, and the expanded answer is verified. A record is "at" a server if every shard's answer holds it.
// The primary is asked for every RRset of ours besides, literally: that is what a change starts from.
#pragma once

#include <string>
#include <vector>

#include "engine/rollover/rollover.h"
#include "engine/zone/mx_zone.h"
#include "engine/zone/plan.h"
#include "io/runtime/clock.h"
#include "service/publisher/zone_access.h"

namespace danewerk::service {

struct Sighting {
  rollover::ZoneObservation observation;
  zone::Standing at_primary;                 ///< what the primary holds of what we want, literally
  std::optional<Ttl> standing_ttl;           ///< the longest TTL of a TLSA set there; nothing where there is none
  std::vector<std::string> ds_records;       ///< "mx.example. IN DS 12345 13 2 ...": for the parent
};

/// Where the set of a shard is looked for: below its wildcard at a host that is never given to a customer (customers' labels
/// hold their domain, and "danewerk-probe" is none's); else at its own name.
types::DomainName probe_for(const types::DomainName& owner);

class Lookout {
 public:
  /// The first server is the primary.
  Lookout(ZoneAccess& access, const zone::MxZone& zone, std::vector<AuthoritativeServer> servers, Ttl negative_ttl, const io::Clock& clock)
      : access_(access), zone_(zone), servers_(std::move(servers)), negative_ttl_(negative_ttl), clock_(clock) {}

  /// Never fails: what could not be seen is part of what was seen. `wanted` from zone::desired_records.
  io::Task<Sighting> look(std::vector<types::RrSet> wanted);

 private:
  io::Task<void> read_primary(Sighting& into, const std::vector<types::RrSet>& wanted, const std::vector<Bytes>& keys);
  io::Task<rollover::ServerSight> sight_of(AuthoritativeServer server, std::vector<Bytes> keys);
  io::Task<void> validate(rollover::ZoneObservation& into);

  ZoneAccess& access_;
  const zone::MxZone& zone_;
  std::vector<AuthoritativeServer> servers_;
  Ttl negative_ttl_;
  const io::Clock& clock_;
};

}  // namespace danewerk::service
