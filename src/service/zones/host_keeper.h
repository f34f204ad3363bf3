// HostKeeper: brings the records of single domains' MX hosts into the zone: none in a wildcard shard whose domains all have DANE,
// three a domain in an explicit one (engine/zone/host_nodes.h).
//
// It takes the work that the store has noted, plans it, fills UPDATE messages, and writes down what the primary took. Each message
// names exactly what we believe is there (DDNS-02), so it may be sent again after a crash or a lost answer: it is then refused,
// and each of its hosts is looked at by itself. What stands there may be as wanted already (written down then), ours in another
// state (changed from that), or somebody else's: then it is left alone, and the domain's fault says so.
//
// Zones take their messages side by side, one at a time each: a bad update fails its neighbours in Knot's queue.
//
// It runs where a shard is held in another way than by a wildcard, for all shards; a zone of wildcard shards alone has
// service/publisher/plain_nodes.h. Keys and TLSA sets are not its business: they are the publisher's.
#pragma once

#include <mutex>

#include "io/dns/zone_updater.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"
#include "io/store/host_store.h"
#include "io/store/key_store.h"
#include "service/zones/host_plan.h"

namespace danewerk::service {

struct HostSettings {
  zone::MxZone zone;
  std::uint64_t most_hosts = 12'000;  ///< in one explicit shard
};

/// All of it outlives the keeper.
struct HostParts {
  io::HostStore& hosts;
  io::KeyStore& facts;
  io::dns::ZoneUpdater& updater;
  io::Clock& clock;
  io::Log& log;
};

struct HostStatus {
  io::HostsWaiting waiting;
  Instant as_of{};                                  ///< when `waiting` was counted
  std::vector<io::HostFault> faults;                ///< of single domains, the first few
  std::map<types::DomainName, std::uint64_t> held;  ///< hosts with records of their own, by zone
  std::string fault;                                ///< why nothing goes forward; empty when well
};

class HostKeeper {
 public:
  HostKeeper(HostSettings settings, HostParts parts) : settings_(std::move(settings)), parts_(parts) {}
  HostKeeper(const HostKeeper&) = delete;
  HostKeeper& operator=(const HostKeeper&) = delete;

  /// Until cancelled. One reactor.
  io::Task<> run();
  /// One batch. True if there may be more right now; false if there is nothing to do or it failed (see status()).
  io::Task<bool> turn();
  /// Thread safe.
  HostStatus status() const;

 private:
  io::Task<Result<void>> prepare();
  io::Task<Result<void>> forget_lost_zones();
  io::Task<Result<void>> note_nothing_to_do(std::vector<io::HostDone> done);
  io::Task<Result<void>> bring(std::vector<HostStep> steps);
  io::Task<Result<void>> send(types::ZoneChange change, std::vector<HostStep> steps);
  io::Task<Result<void>> put_off(std::vector<HostStep> steps, std::string fault, Duration rest);
  io::Task<Result<void>> look_again(std::vector<HostStep> steps);
  io::Task<Result<void>> settle(std::vector<HostStep> steps);
  io::Task<Result<void>> bring_alone(HostStep step);
  io::Task<Result<std::optional<types::HostNode>>> standing(HostStep step);
  io::Task<> note_waiting(bool for_sure);
  void count(const HostStep& step);
  void note_fault(std::string fault);

  HostSettings settings_;
  HostParts parts_;
  bool prepared_ = false;
  Instant counted_at_{};
  mutable std::mutex mutex_;
  HostStatus status_;
};

}  // namespace danewerk::service
