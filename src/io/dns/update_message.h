// UPDATE messages: a ZoneChange becomes a signed message, and the reply to it becomes success or a named error.
//
// Pure but for the time in the signature, which libknot reads from the system's clock; kept apart from zone_updater so
// that tests and fuzzing reach it without a socket.
//
// RFC 2136 2 (encoding), 2.2 (RCODEs); RFC 8945 4, 5; conformance DDNS-01, DDNS-04, DDNS-06, DDNS-07.
#pragma once

#include "io/dns/zone_updater.h"

namespace danewerk::io::dns {

struct SignedUpdate {
  Bytes wire;
  Bytes mac;  ///< the reply's signature covers it
  std::uint16_t id = 0;
};

/// Errors: not_in_zone, too_large, invalid_change.
Result<SignedUpdate, UpdateError> build_update(std::uint16_t id, const types::ZoneChange& change, const TsigKey& key);

/// What the server's reply to `update` says; success only as DDNS-07 has it.
Result<void, UpdateError> read_update_reply(ByteView wire, const SignedUpdate& update, const TsigKey& key);

}  // namespace danewerk::io::dns
