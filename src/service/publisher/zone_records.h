// ZoneRecords: records of our zone besides those of the MX hosts, put there and taken out whole: the id of a policy we host, the
// addresses of its host.
//
// A record counts as published once every server shows it, verified (DDNS-03). Names are ours alone: a set is replaced by the one that is wanted,
// and nothing else at the name is touched.
#pragma once

#include <vector>

#include "io/runtime/clock.h"
#include "service/publisher/zone_access.h"

namespace danewerk::service {

class ZoneRecords {
 public:
  ZoneRecords(ZoneAccess& access, types::DomainName zone, std::vector<AuthoritativeServer> servers, io::Clock& clock,
              Duration patience = std::chrono::minutes(2))
      : access_(access), zone_(std::move(zone)), servers_(std::move(servers)), clock_(clock), patience_(patience) {}

  /// Returns once every server shows exactly this set, verified. One without records: none. Errors: denied outside of the zone;
  /// unavailable, naming the server that does not show it.
  io::Task<Result<void>> put(types::RrSet set);

 private:
  ZoneAccess& access_;
  types::DomainName zone_;
  std::vector<AuthoritativeServer> servers_;
  io::Clock& clock_;
  Duration patience_;
};

}  // namespace danewerk::service
