// Remedy: whose side must repair what, in words a sender can act on or pass on.
//
// "5.7.323" tells a sender nothing, and the usual bounce lets everybody think it is somebody else's fault. The fault says
// what stands in the way; here it is said who can take it away: the sender, the people who run the recipient's mail
// servers or DNS, or we. A fault of ours is never put on anybody else.
//
// Codes: field.md 1.2 of the plan, RFC 3463 3, RFC 7505, RFC 8689 4.2.1.
#pragma once

#include <cstdint>
#include <string>

#include "types/envelope.h"
#include "types/fault.h"

namespace danewerk::dsn {

enum class Side : std::uint8_t {
  sender,           ///< the address, the size, the form of the message
  recipient,        ///< the recipient: a full or closed mailbox
  destination,      ///< who runs the recipient's mail servers
  destination_dns,  ///< who runs the DNS of the name concerned
  ours,             ///< who runs this system
};

struct Remedy {
  Side side = Side::destination;
  std::string sentence;
  friend bool operator==(const Remedy&, const Remedy&) = default;
};

/// What the sentence speaks of.
struct Parties {
  std::string domain;  ///< the recipient's
  std::string host;    ///< the server concerned; empty where none is known
  std::string us;      ///< our name
};

Remedy remedy_for(const types::Fault& fault, const Parties& parties);

}  // namespace danewerk::dsn
