// ZoneWatch: looks at the MX zone from its servers, its parent and a resolver, and brings back one zone::ZoneState.
//
// The publisher looks at what decides over keys; this looks at what breaks days later: signatures that run out, secondaries
// that fall behind, a DS or a delegation that no longer fits. It changes nothing and nothing depends on it but what people are told.
#pragma once

#include <vector>

#include "engine/zone/signalling.h"
#include "io/dns/resolver.h"
#include "io/runtime/clock.h"
#include "io/runtime/entropy.h"
#include "service/publisher/zone_access.h"

namespace danewerk::service {

class ZoneWatch {
 public:
  struct Parts {
    types::DomainName zone;
    std::vector<AuthoritativeServer> servers;   ///< the first is the primary
    std::vector<types::DnsQuestion> besides;    ///< records of ours whose signatures count, besides those at the apex
    io::dns::Resolver& resolver;
    io::Entropy& entropy;
    const io::Clock& clock;
    Duration deadline = std::chrono::seconds(5);
  };
  explicit ZoneWatch(Parts parts) : parts_(std::move(parts)) {}

  /// Never fails: what could not be seen is part of what was seen. One at a time.
  io::Task<zone::ZoneState> look();
  /// What a resolver finds of each of zone::signalling_sets().
  io::Task<std::vector<zone::Signal>> look_at_signals(std::vector<types::RrSet> wanted);

 private:
  struct Seen {
    zone::ServerState state;
    std::vector<Bytes> keys, cds, cdnskey;
  };
  io::Task<Seen> look_at(AuthoritativeServer server, std::optional<std::vector<Bytes>> keys);
  io::Task<zone::ParentState> look_at_parent();
  io::Task<void> look_at_delegation(zone::ParentState& into);

  Parts parts_;
};

}  // namespace danewerk::service
