// ChallengeRecords: the TXT records by which we show a CA that a name of our zone is ours (ACME DNS-01, RFC 8555 8.4).
//
// They go the way of every change of the zone: one signed update at the primary, read back from every server with valid signatures,
// because a CA asks whichever server it likes, from several places. Records of others at the same name are not touched: a value is
// added, and exactly that value is taken out again. An explicit shard is a zone of its own, and the update names the zone it is for.
#pragma once

#include <string>
#include <vector>

#include "engine/zone/mx_zone.h"
#include "io/runtime/clock.h"
#include "service/publisher/zone_access.h"

namespace danewerk::service {

class ChallengeRecords {
 public:
  ChallengeRecords(ZoneAccess& access, zone::MxZone zone, std::vector<AuthoritativeServer> servers, io::Clock& clock,
                   Duration patience = std::chrono::minutes(2))
      : access_(access), zone_(std::move(zone)), servers_(std::move(servers)), clock_(clock), patience_(patience) {}

  /// Returns once every server shows it, verified. Errors: denied outside of the zone; unavailable, naming the server that lacks it.
  io::Task<Result<void>> publish(types::DomainName name, std::string value);
  /// Error: unavailable.
  io::Task<Result<void>> remove(types::DomainName name, std::string value);

 private:
  io::Task<Result<void>> apply(types::ZoneChange change);

  ZoneAccess& access_;
  zone::MxZone zone_;
  std::vector<AuthoritativeServer> servers_;
  io::Clock& clock_;
  Duration patience_;
};

}  // namespace danewerk::service
