// Delegations: an explicit shard is a zone of its own; the MX zone above it must point to it, with a DS for each of its keys, or
// nobody finds its hosts, or finds them unsigned.
//
// Both zones lie at the same primary. So the keeper reads the shard's DNSKEY and NS records there and writes NS and DS into the
// zone above, naming what it believes is there (DDNS-02); then again every minute: a key that the server rolls gets its DS. What
// it wrote is a fact in the store: only that is ever replaced.
//
// RFC 4034 5 (DS), RFC 4035 2.4 (at the parent side of the cut), conformance PUB-01.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "engine/zone/mx_zone.h"
#include "io/dns/zone_updater.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/key_store.h"

namespace danewerk::service {

/// All of it outlives it.
struct DelegationParts {
  io::KeyStore& facts;
  io::dns::ZoneUpdater& updater;
  io::Entropy& entropy;
  io::Clock& clock;
  io::Log& log;
};

class Delegations {
 public:
  /// `primary` holds the zone and the zones of its explicit shards.
  Delegations(zone::MxZone zone, types::Endpoint primary, DelegationParts parts) : zone_(std::move(zone)), primary_(primary), parts_(parts) {}

  /// Until cancelled; nothing to do without explicit shards. One reactor.
  io::Task<> run();
  /// Looks at all once. True if all stand as they should.
  io::Task<bool> turn();
  /// The shards' zones that could not be delegated, and why. Thread safe.
  std::map<types::DomainName, std::string> faults() const;

 private:
  io::Task<Result<void>> ensure(types::DomainName shard);
  io::Task<Result<void>> ensure_set(types::RrSet wanted);
  void note(const types::DomainName& shard, const Result<void>& result);

  zone::MxZone zone_;
  types::Endpoint primary_;
  DelegationParts parts_;
  mutable std::mutex mutex_;
  std::map<types::DomainName, std::string> faults_;
};

}  // namespace danewerk::service
