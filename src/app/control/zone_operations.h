// The operations on our MX zone: how it stands, what would be changed in it, what the parent must hold.
#pragma once

#include <set>

#include "app/control/alerts.h"
#include "app/control/server.h"
#include "service/publisher/publisher.h"
#include "service/publisher/zone_watch.h"

namespace danewerk::app {

/// What they work on; all of it outlives them and lives on the control server's reactor.
struct ZoneParts {
  std::vector<service::Publisher*> publishers;  ///< of all groups of keys, the default one first
  service::ZoneWatch& watch;
  zone::Limits limits;
  io::Clock& clock;
  Alerts& alerts;
  Duration look_interval;               ///< of the publisher
  std::set<std::string> standing_alerts;  ///< subjects raised by the last look
};

/// Looks, and raises or clears an alert for each finding that is more than a notice.
io::Task<std::vector<types::Finding>> look_at_zone(ZoneParts& parts);

void add_zone_operations(Operations& operations, ZoneParts& parts);
/// Where zone.name is not set: each says so, rather than not be there.
void add_zone_operations_without_zone(Operations& operations);

}  // namespace danewerk::app
