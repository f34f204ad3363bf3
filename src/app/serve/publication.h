// What the running program says of the zone it keeps.
#pragma once

#include "app/config/settings.h"
#include "app/control/protocol.h"
#include "engine/zone/mx_zone.h"
#include "io/tls/digest.h"
#include "service/publisher/publisher_status.h"

namespace danewerk::app {

/// The zone as the settings want it.
zone::MxZone mx_zone(const Settings& settings);
Json status_json(const service::PublisherStatus& status);
/// Of DomainName::text(), for types::mx_host.
io::Sha256 domain_digest(const types::DomainName& domain);

}  // namespace danewerk::app
