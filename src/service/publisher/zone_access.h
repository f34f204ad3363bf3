// ZoneAccess: the publisher's window to the world's DNS: read from one server, change at the primary, ask as a sender would.
//
// A seam with one real implementation over io/dns; tests put a simulated zone with lagging servers behind it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "engine/rollover/rollover.h"
#include "io/dns/resolver.h"
#include "io/dns/zone_updater.h"
#include "io/runtime/clock.h"
#include "io/runtime/entropy.h"
#include "types/ip_address.h"
#include "types/zone_change.h"

namespace danewerk::service {

struct AuthoritativeServer {
  std::string name;  ///< for people: "ns1.mx.example"
  types::Endpoint endpoint;
};

/// One RRset at one server. `sight` judges answer and signatures; an RRset without records was answered "there is none".
struct ServerReading {
  rollover::Sight sight = rollover::Sight::unreachable;
  types::RrSet set;
  std::string detail;
  std::optional<Instant> signed_until;
  std::optional<types::DomainName> alias;  ///< where the name leads instead
};

class ZoneAccess {
 public:
  virtual ~ZoneAccess() = default;
  /// DNSKEY RDATA at the apex, as this server has it. What is read afterwards is judged by keys no older.
  virtual io::Task<Result<std::vector<Bytes>>> zone_keys(AuthoritativeServer server) = 0;
  /// The RRset as this server has it, verified against `keys`.
  virtual io::Task<ServerReading> read(AuthoritativeServer server, types::DnsQuestion question, std::vector<Bytes> keys) = 0;
  /// One atomic change at the primary.
  virtual io::Task<Result<void, io::dns::UpdateError>> apply(types::ZoneChange change) = 0;
  /// What a validating resolver says of a name nobody has asked for before, so that no cache knows it: a fresh random label
  /// below the `*.` of `owner`, with `_25._tcp` before it, type TLSA. (Unbound synthesises denials from its cache, RFC
  /// 8198, but no wildcard answers; DS and DNSKEY it may remember for their TTL.) An `owner` that is no wildcard is asked for
  /// itself: the answer may then be as old as its TTL.
  virtual io::Task<types::Lookup> ask_afresh(types::DomainName owner) = 0;
};

class DnsZoneAccess final : public ZoneAccess {
 public:
  struct Settings {
    types::DomainName zone;
    Duration deadline = std::chrono::seconds(5);  ///< for each question to a server
    std::vector<types::DomainName> shard_zones{};  ///< zones below it with keys of their own; asked for names in them
  };
  DnsZoneAccess(Settings settings, io::dns::ZoneUpdater& updater, io::dns::Resolver& resolver, io::Entropy& entropy, const io::Clock& clock)
      : settings_(std::move(settings)), updater_(updater), resolver_(resolver), entropy_(entropy), clock_(clock) {}

  io::Task<Result<std::vector<Bytes>>> zone_keys(AuthoritativeServer server) override;
  io::Task<ServerReading> read(AuthoritativeServer server, types::DnsQuestion question, std::vector<Bytes> keys) override;
  io::Task<Result<void, io::dns::UpdateError>> apply(types::ZoneChange change) override;
  io::Task<types::Lookup> ask_afresh(types::DomainName owner) override;

 private:
  io::Task<Result<std::vector<Bytes>>> keys_of(AuthoritativeServer server, types::DomainName zone);

  Settings settings_;
  io::dns::ZoneUpdater& updater_;
  io::dns::Resolver& resolver_;
  io::Entropy& entropy_;
  const io::Clock& clock_;
  std::map<types::DomainName, std::vector<Bytes>> shard_keys_;  // as they were when zone_keys() was last asked
};

}  // namespace danewerk::service
