// What the keeper of the hosts' records says, in one table.
#pragma once

#include <array>

#include "types/log_event.h"

namespace danewerk::service::host_events {

using types::LogEvent;
using types::LogLevel;

inline constexpr LogEvent changed{"hosts.changed", LogLevel::info, "The primary server took the records of some domains' MX hosts.", ""};
inline constexpr LogEvent all_anew{"hosts.all_anew", LogLevel::notice,
    "How MX hosts are held was changed in the settings, or is noted for the first time: the host of every domain is gone through.", ""};
inline constexpr LogEvent failed{"hosts.update_failed", LogLevel::error, "The primary server did not take the records of MX hosts; they are tried again.",
    "See 'why'. refused or not_authoritative with a zone of its own for a shard (holding = explicit): the server must hold that zone too, signed, "
    "and take our key for it."};
inline constexpr LogEvent mended{"hosts.update_well", LogLevel::notice, "The primary server takes the records of MX hosts again.", ""};
inline constexpr LogEvent in_the_way{"hosts.in_the_way", LogLevel::error,
    "Records that are not ours stand where a domain's MX host should be; they were left alone.",
    "Remove them from the zone, or find out who put them there; the host is tried again every few minutes."};
inline constexpr LogEvent zone_full{"hosts.zone_full", LogLevel::error, "An explicit shard has as many hosts as zone.hosts_per_zone allows; no more are added.",
    "Raise zone.hosts_per_zone (every change of that zone will take longer)."};
inline constexpr LogEvent zone_lost{"hosts.zone_lost", LogLevel::error, "A zone no longer holds the hosts that we wrote into it; they are written anew.",
    "Find out whether the name server's journal was removed or restored from a copy; until all are back, mail to these domains may wait."};
inline constexpr LogEvent delegated{"hosts.delegated", LogLevel::notice, "The zone of an explicit shard was delegated from the MX zone.", ""};
inline constexpr LogEvent not_delegated{"hosts.not_delegated", LogLevel::error,
    "The zone of an explicit shard could not be delegated from the MX zone; it is tried again.",
    "See 'why'. The primary must hold the shard's zone, signed, and let our key write NS and DS records in the MX zone."};

inline constexpr std::array all{changed, all_anew, failed, mended, in_the_way, zone_full, zone_lost, delegated, not_delegated};

}  // namespace danewerk::service::host_events
