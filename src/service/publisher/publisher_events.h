// What the publisher says, in one table.
#pragma once

#include "types/log_event.h"

namespace danewerk::service::publisher_events {

using types::LogEvent;
using types::LogLevel;

inline constexpr LogEvent key_made{"publisher.key_made", LogLevel::notice,
    "A key was made and stored; its record will be published before it serves.", ""};
inline constexpr LogEvent groups_changed{"publisher.groups_changed", LogLevel::notice,
    "The groups of shards with keys of their own are others than at the last start (zone.key_groups).", ""};
inline constexpr LogEvent zone_changed{"publisher.zone_changed", LogLevel::notice,
    "The primary server accepted a change of the MX zone.", ""};
inline constexpr LogEvent update_failed{"publisher.update_failed", LogLevel::error,
    "The primary server did not take a change of the MX zone; it is tried again.",
    "See 'why'. bad_key or bad_signature: server and danewerk hold different TSIG keys. refused: its access list lacks our key, "
    "the owner names or types. not_authoritative: it does not hold the zone; if its own log says 'zone not found', stop it, "
    "remove the journal directory and start again."};
inline constexpr LogEvent record_seen{"publisher.record_seen", LogLevel::notice,
    "The key's record was read back from every authoritative server, with valid signatures.", ""};
inline constexpr LogEvent server_faulty{"publisher.server_faulty", LogLevel::warning,
    "An authoritative server does not show what it should; no key is changed meanwhile.",
    "unreachable: start the server or take it out of NS records and settings. unverified: let it transfer the zone again; check that the primary signs. "
    "Keys already served stay in service."};
inline constexpr LogEvent server_well{"publisher.server_well", LogLevel::notice,
    "An authoritative server shows what it should again.", ""};
inline constexpr LogEvent ds_to_hand_over{"publisher.ds_to_hand_over", LogLevel::notice,
    "The parent zone must hold this DS record, and no other for this zone.",
    "Enter it at the registrar or whoever holds the parent zone. A parent that reads CDS finds it by itself."};
inline constexpr LogEvent validation_changed{"publisher.validation_changed", LogLevel::notice,
    "What a validating resolver makes of our zone has changed.",
    "insecure: the DS is not at the parent, or not yet known to our resolver. failed: compare the DS at the parent with publisher.ds_to_hand_over."};
inline constexpr LogEvent waiting{"publisher.waiting", LogLevel::info,
    "Nothing to do before this instant.", ""};
inline constexpr LogEvent serving{"publisher.serving", LogLevel::notice,
    "New connections are served with this key.", ""};
inline constexpr LogEvent key_retired{"publisher.key_retired", LogLevel::notice,
    "The key no longer serves; its record stays until every edge has switched.", ""};
inline constexpr LogEvent key_withdrawn{"publisher.key_withdrawn", LogLevel::notice,
    "The key's record leaves the zone.", ""};
inline constexpr LogEvent key_erased{"publisher.key_erased", LogLevel::notice,
    "The withdrawn key was erased.", ""};
inline constexpr LogEvent key_compromised{"publisher.key_compromised", LogLevel::warning,
    "A key was declared compromised; it is replaced as fast as is possible.",
    "Senders that cached the old answer wait at most twice its TTL."};
inline constexpr LogEvent certificate_renewed{"publisher.certificate_renewed", LogLevel::notice,
    "A key has a certificate from this source; the key is the same.", ""};
inline constexpr LogEvent source_failed{"publisher.source_failed", LogLevel::error,
    "The certificate source failed, or brought a certificate that may not be served; it is asked again. What is served stays served.",
    "See 'why', in the source's own words. A certificate for another key is never served: the key comes first, then its record, then its certificate."};
inline constexpr LogEvent source_well{"publisher.source_well", LogLevel::notice,
    "The certificate source works again.", ""};
inline constexpr LogEvent roll_asked{"publisher.roll_asked", LogLevel::notice,
    "Somebody wants the next key to serve in this one's place; it does as soon as all gates are passed.", ""};
inline constexpr LogEvent key_superseded{"publisher.key_superseded", LogLevel::error,
    "A key of this store is not in the zone any more, while others are: the store is an older copy. The key never serves again.",
    "New keys are made and published; port 25 opens when caches can know them. If a newer copy of the store exists, stop danewerk and restore that one."};
inline constexpr LogEvent node_changed{"publisher.node_changed", LogLevel::notice,
    "The primary took a change of single hosts' records: a domain whose DANE is off has addresses of its own, every other the wildcard's.", ""};
inline constexpr LogEvent node_in_the_way{"publisher.node_in_the_way", LogLevel::error,
    "Records that are not ours stand where a domain's MX host should be; they were left alone.",
    "Remove them from the zone, or find out who put them there; the host is tried again every few minutes."};
inline constexpr LogEvent node_lost{"publisher.node_lost", LogLevel::warning,
    "A host's own records that we wrote are not in the zone any more; they are written anew.",
    "Find out whether somebody removed them, or whether the name server's data were restored from a copy."};
inline constexpr LogEvent step_failed{"publisher.step_failed", LogLevel::error,
    "A step could not be carried out; it is tried again. What is served stays served.",
    "See 'why'. A store that cannot be written needs room or repair; settings that are wrong need a restart after correction."};

}  // namespace danewerk::service::publisher_events
