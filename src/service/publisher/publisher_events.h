// What the publisher says, in one table.
#pragma once

#include "types/log_event.h"

namespace danewerk::service::publisher_events {

using types::LogEvent;
using types::LogLevel;

inline constexpr LogEvent key_made{"publisher.key_made", LogLevel::notice,
    "A key was made and stored; its record will be published before it serves.", ""};
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
    "The certificate was renewed with the same key.", ""};
inline constexpr LogEvent key_overtaken{"publisher.key_overtaken", LogLevel::warning,
    "The zone holds records that we do not know and lacks this key's: what we remember is older than what was published. The key counts as withdrawn.",
    "Expected after a restore from a backup that is older than the last rollover. Otherwise find out who else publishes into this zone."};
inline constexpr LogEvent step_failed{"publisher.step_failed", LogLevel::error,
    "A step could not be carried out; it is tried again. What is served stays served.",
    "See 'why'. A store that cannot be written needs room or repair; settings that are wrong need a restart after correction."};

}  // namespace danewerk::service::publisher_events
