// What the running program says of the zone it keeps.
#pragma once

#include "app/config/settings.h"
#include "app/control/protocol.h"
#include "engine/zone/mx_zone.h"
#include "io/tls/digest.h"
#include "service/publisher/publisher_status.h"
#include "service/zones/host_keeper.h"

namespace danewerk::app {

/// The zone as the settings want it.
zone::MxZone mx_zone(const Settings& settings);
Json status_json(const service::PublisherStatus& status);
/// Hosts with records of their own, and explicit shards that nobody can find.
Json hosts_json(const service::HostStatus& hosts, const std::map<types::DomainName, std::string>& undelegated);
/// The first of what is in their way.
std::optional<std::string> hosts_fault(const service::HostStatus& hosts, const std::map<types::DomainName, std::string>& undelegated);
/// Of DomainName::text(), for types::mx_host.
io::Sha256 domain_digest(const types::DomainName& domain);

}  // namespace danewerk::app
