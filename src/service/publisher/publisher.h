// Publisher: keeps the MX zone, the keys and the edge in step, so that no sender's cache ever contradicts the served key.
//
// It looks (lookout.h), lets engine/rollover say the one thing to do, does it, writes it down (key_book.h), and looks again.
// It decides nothing itself and keeps no step counter: killed at any point, it goes on from the facts.
//
// What the edge serves it gets through a CertificateSlot, and only after every server was seen to hold the key's record with
// valid signatures, a validating resolver found it secure, and the caches' time has passed. If something breaks later
// (signing, a server, the primary) nothing served is taken back: the old records still stand in caches and servers; the
// fault is logged with its remedy until it is gone.
//
// At the first start this needs the DS at the parent zone: publisher.ds_to_hand_over says which.
//
// RFC 7671 8, RFC 7672 4; PUB-01..04, PUB-10, DDNS-02, DDNS-03.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/zone/mx_zone.h"
#include "engine/zone/plan.h"
#include "io/log/log.h"
#include "io/tls/certificate_slot.h"
#include "service/publisher/key_book.h"
#include "service/publisher/lookout.h"
#include "service/publisher/publisher_status.h"
#include "service/publisher/zone_claims.h"

namespace danewerk::service {

struct PublisherSettings {
  zone::MxZone zone;
  zone::Writers writers = zone::Writers::we_alone;
  std::vector<AuthoritativeServer> servers;           ///< all that the zone's NS records name; the first takes our updates
  std::vector<types::DomainName> certificate_names;   ///< besides the wildcards: the edge's EHLO names
  Ttl negative_ttl{60};                               ///< the SOA minimum of the zone
  rollover::Timing timing;
  Duration certificate_life = std::chrono::hours(180 * 24);
  Duration look_interval = std::chrono::minutes(1);   ///< how often servers are looked at when nothing is due
};

class Publisher {
 public:
  /// Everything referred to must outlive run(). Error: as zone::desired_records; malformed without servers.
  static Result<std::unique_ptr<Publisher>> create(PublisherSettings settings, io::KeyStore& store, ZoneAccess& access, io::CertificateSlot& slot,
                                                   io::Clock& clock, io::Log& log);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Until cancelled. One reactor.
  io::Task<> run();
  /// The same reactor; how things stood at the last look.
  PublisherStatus status() const;
  /// The same reactor: what would be changed in the zone now, and what stands in the way; by the last look.
  zone::Plan plan() const;
  /// Takes over what stands at the primary at a name of ours. Error: not_found where nothing does.
  io::Task<Result<void>> adopt(types::DomainName name, types::RecordType type, types::AdminAct act);
  /// PUB-10: replaces the key as fast as can be. Error: not_found.
  io::Task<Result<void>> declare_compromised(std::string key, std::string reason);

 private:
  Publisher(PublisherSettings settings, io::KeyStore& store, ZoneAccess& access, io::CertificateSlot& slot, io::Clock& clock, io::Log& log);
  io::Task<bool> turn();
  io::Task<Result<void>> look();
  rollover::Step next() const;
  io::Task<Result<void>> carry_out(rollover::Step step);
  io::Task<Result<void>> publish();
  io::Task<Result<void>> note_published();
  io::Task<Result<void>> compare_with_zone(const Sighting& seen);
  io::Task<Result<void>> make_key();
  io::Task<Result<void>> serve(std::string key);
  io::Task<Result<void>> renew(std::string key);
  io::Task<Result<void>> erase_withdrawn();
  std::vector<types::RrSet> wanted() const;
  std::vector<types::DomainName> names() const;
  void tell_what_changed(const Sighting& before, const Sighting& after);
  void tell_step(const rollover::Step& step);

  PublisherSettings settings_;
  KeyBook book_;
  ZoneAccess& access_;
  Lookout lookout_;
  io::CertificateSlot& slot_;
  io::Clock& clock_;
  io::Log& log_;
  ZoneClaims claims_;
  bool loaded_ = false;
  bool compared_ = false;
  Sighting sighting_;
  std::optional<std::string> serving_now_;
  rollover::Step step_;
  std::string told_;   // what was last said to be waited for
  std::string fault_;  // of the last step that failed; empty when well
};

}  // namespace danewerk::service
