// What it costs to declare a key compromised, said before it is done.
//
// The next key is normally in every cache already: then nobody's mail waits. Where it is not, senders that hold an older
// answer refuse the new key until that answer ends. And whoever has the stolen key can go on using it, with the old answer
// that our zone signed, against senders whose DNS he controls, until those signatures end: nothing we do shortens that.
//
// PUB-10, RFC 7671 13.
#pragma once

#include "engine/rollover/rollover.h"

namespace danewerk::rollover {

struct Emergency {
  Phase now = Phase::made;                   ///< of the key in question
  std::optional<std::string> successor;      ///< the key that takes over; nothing: one has to be made first
  Duration mail_waits_at_most{0};            ///< at senders that cached an answer without the successor
  std::optional<Instant> forgeable_until;    ///< the end of the signatures over the record that were last seen; nothing if none was
  std::vector<std::string> sentences;        ///< the same for people
};

/// `displaced`: what a record added now would displace. The key must be one of the situation's (CHECKed).
Emergency emergency_of(const Situation& situation, const std::string& key, Ttl displaced);

}  // namespace danewerk::rollover
