// Publisher: keeps the MX zone, the keys and the edge in step, so that no sender's cache ever contradicts the served key.
//
// It looks (lookout.h), lets engine/rollover say the one thing to do, does it, writes it down (key_book.h), and looks again.
// It decides nothing itself and keeps no step counter: killed at any point, it goes on from the facts.
//
// What the edge serves it gets through a CertificateSlot, one chain for each line of keys (ECDSA, RSA), and only after every
// server was seen to hold the key's record with valid signatures, a validating resolver found it secure, the caches' time has
// passed, and the certificate source has certified the key. An old record goes after every edge was seen to serve the new key. If something breaks later
// (signing, a server, the primary) nothing served is taken back: the old records still stand in caches and servers; the
// fault is logged with its remedy until it is gone.
//
// Groups of shards with keys of their own (engine/zone/key_groups.h) have a publisher each: it knows its own keys and writes and reads its own shards'
// records, and nothing of one waits for another.
//
// At the first start this needs the DS at the parent zone: publisher.ds_to_hand_over says which.
//
// RFC 7671 8, RFC 7672 4; PUB-01..04, PUB-10, DDNS-02, DDNS-03.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/rollover/emergency.h"
#include "engine/zone/mx_zone.h"
#include "engine/zone/plan.h"
#include "io/log/log.h"
#include "io/runtime/alarm.h"
#include "io/tls/certificate_slot.h"
#include "service/publisher/certificate_source.h"
#include "service/publisher/key_book.h"
#include "service/publisher/lookout.h"
#include "service/publisher/plain_nodes.h"
#include "service/publisher/publisher_status.h"
#include "service/publisher/zone_claims.h"

namespace danewerk::service {

struct PublisherSettings {
  zone::MxZone zone;                                  ///< of a group's publisher: its part
  std::string group;                                  ///< whose keys these are (engine/zone/key_groups.h); empty: the default group's
  zone::Writers writers = zone::Writers::we_alone;
  std::vector<AuthoritativeServer> servers;           ///< all that the zone's NS records name; the first takes our updates
  std::vector<types::DomainName> certificate_names;   ///< besides the wildcards: the edge's EHLO names
  Ttl negative_ttl{60};                               ///< the SOA minimum of the zone
  rollover::Timing timing;
  std::vector<types::KeyAlgorithm> algorithms{types::KeyAlgorithm::ecdsa_p256};  ///< at most one of each line
  Duration ask_source_again = std::chrono::minutes(15);  ///< after the certificate source has failed
  Duration certificate_life = std::chrono::hours(180 * 24);
  Duration look_interval = std::chrono::minutes(1);   ///< how often servers are looked at when nothing is due
};

/// Connects to every published address with each kind of signature, as a sender would, and says what is served.
using ProbeEdges = std::function<io::Task<std::vector<rollover::EdgeSight>>()>;

struct PublisherParts {
  io::KeyStore& store;
  ZoneAccess& access;
  io::CertificateSlot& slot;
  io::Clock& clock;
  io::Log& log;
  CertificateSource* source = nullptr;  ///< null: we issue ourselves
  ProbeEdges probe = nullptr;           ///< null: edges are taken to have switched after timing.propagation
  PlainNodes* nodes = nullptr;          ///< null: no host has records of its own
};

class Publisher {
 public:
  /// Everything referred to must outlive run(). Error: as zone::desired_records; malformed without servers, without an
  /// algorithm, or with two of one line.
  static Result<std::unique_ptr<Publisher>> create(PublisherSettings settings, PublisherParts parts);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Until cancelled. One reactor.
  io::Task<> run();
  /// The same reactor; how things stood at the last look.
  PublisherStatus status() const;
  const std::string& group() const noexcept { return settings_.group; }

  // What people want. All on the same reactor; what is done for them shows in status().

  /// What would be changed in the zone now, and what stands in the way; by the last look.
  zone::Plan plan() const;
  /// Takes over what stands at the primary at a name of ours. Error: not_found where nothing does.
  io::Task<Result<void>> adopt(types::DomainName name, types::RecordType type, types::AdminAct act);
  /// PUB-10: replaces the key as fast as can be, or withdraws it if it does not serve. Errors: not_found; conflict if it is already.
  io::Task<Result<void>> declare_compromised(std::string key, types::AdminAct act);
  /// What that would cost. Error: not_found.
  Result<rollover::Emergency> emergency(const std::string& key) const;
  /// The key with this record, if it is there and was not declared compromised: a new group begins with copies of another's keys.
  std::optional<std::string> copy_of(const types::TlsaRecord& record) const;
  /// The next key of this line (of every line) shall serve, through all gates. Returns the keys to be replaced. Errors: not_found
  /// (nothing serves); conflict if that was asked for already.
  io::Task<Result<std::vector<std::string>>> roll(std::optional<types::KeyLine> line, types::AdminAct act);
  /// Error: as roll(), without doing anything.
  Result<std::vector<std::string>> to_be_rolled(std::optional<types::KeyLine> line) const;
  /// What would be done and waited for if that were asked for.
  Result<std::vector<rollover::Step>> foresee_roll(std::optional<types::KeyLine> line) const;
  /// Another look soon, instead of at the next interval.
  void look_soon() { alarm_.ring(); }

 private:
  Publisher(PublisherSettings settings, PublisherParts parts);
  io::Task<bool> turn();
  io::Task<> rest();
  io::Task<Result<void>> look();
  io::Task<std::optional<rollover::EdgeObservation>> look_at_edges();
  std::vector<rollover::Step> agenda_of(const std::vector<rollover::TrackedKey>& keys) const;
  io::Task<Result<void>> carry_out(rollover::Step step);
  io::Task<Result<void>> publish();
  io::Task<Result<void>> note_published();
  io::Task<Result<void>> make_key(types::KeyAlgorithm algorithm);
  io::Task<Result<void>> serve(std::string key);
  io::Task<Result<void>> retire(std::string key);
  io::Task<Result<void>> supersede(std::string key, std::string why);
  io::Task<Result<void>> obtain(std::string key);
  io::Task<Result<void>> take_certificate(types::CertificateOrder order, std::string chain, std::string from);
  io::Task<Result<void>> source_failed(types::CertificateOrder order, std::string why);
  io::Task<Result<void>> erase_withdrawn();
  io::Task<Result<bool>> tidy();
  Result<void> hand_over(const std::vector<std::string>& keys);
  types::CertificateOrder order_for(const rollover::TrackedKey& key) const;
  std::vector<types::RrSet> wanted() const;
  std::vector<types::DomainName> names() const;
  void note_obstacles();
  void tell_what_changed(const Sighting& before, const Sighting& after);
  void tell_step(const rollover::Step& step);
  void say(const types::LogEvent& event, types::LogFields fields);

  PublisherSettings settings_;
  PublisherParts parts_;
  SelfIssued self_issued_;
  CertificateSource& source_;
  rollover::Wish wish_;
  KeyBook book_;
  ZoneClaims claims_;
  Lookout lookout_;
  bool loaded_ = false;
  io::Alarm alarm_;
  Sighting sighting_;
  std::vector<std::string> serving_here_;  // ids, one a line
  std::vector<rollover::Step> agenda_;
  std::string told_;          // what was last said to be waited for
  std::string fault_;         // of the last step that failed; empty when well
  std::string source_fault_;  // of the certificate source; empty when well
  std::optional<Instant> held_since_;  // something that is no planned wait has been in the way since
};

}  // namespace danewerk::service
