// What the running program says of the zone it keeps.
#pragma once

#include "app/config/settings.h"
#include "app/control/protocol.h"
#include "engine/zone/mx_zone.h"
#include "io/tls/digest.h"
#include "service/publisher/publisher.h"
#include "service/zones/host_keeper.h"

namespace danewerk::app {

/// The zone as the settings want it.
zone::MxZone mx_zone(const Settings& settings);
/// One group's part of it.
zone::MxZone part_of(const Settings& settings, const zone::KeyGroup& group);
service::PublisherSettings publisher_settings(const Settings& settings, const zone::KeyGroup& group);
/// Of all groups of keys, the default one first.
Json zone_json(const std::vector<service::PublisherStatus>& groups);
/// Hosts with records of their own, and explicit shards that nobody can find.
Json hosts_json(const service::HostStatus& hosts, const std::map<types::DomainName, std::string>& undelegated);
/// The first of what is in their way.
std::optional<std::string> hosts_fault(const service::HostStatus& hosts, const std::map<types::DomainName, std::string>& undelegated);
/// Of DomainName::text(), for types::mx_host.
io::Sha256 domain_digest(const types::DomainName& domain);

}  // namespace danewerk::app
