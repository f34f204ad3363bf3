// Signal: what a round of delivery says about how much its next hop can take.
//
// A fixed number of connections is too many for a small host and too few for a large one, and a host that says "not so
// fast" (421, 4.7.x) is not heard by a queue that looks at recipients only. Here a round is read as one word about the hop,
// whatever became of the recipients: it took mail, it answered, it gave no connection, or it complained of us.
//
// Greylisting (a 450 4.7.1 to RCPT, RFC 6647) is about one sender and recipient and says nothing about pace: at RCPT and
// later a 4.7.x counts only where its words speak of rates or connections. 421 always counts (RFC 5321 3.8).
#pragma once

#include <optional>
#include <span>

#include "types/outcome.h"

namespace danewerk::pace {

enum class Heard : std::uint8_t {
  nothing,        ///< the hop was not reached, and not for want of its answer (a policy, a fault of ours)
  answered,       ///< it talks; this mail it did not take
  delivered,      ///< it took a message
  no_connection,  ///< neither its name servers nor its hosts answered
  busy,           ///< it complained of us
};

/// What a complaint is about, as far as its words tell.
enum class Complaint : std::uint8_t { unspecific, connections, rate };

struct Signal {
  Heard heard = Heard::nothing;
  Complaint about = Complaint::unspecific;  ///< where busy
  Instant started{};                        ///< when the round began
  std::optional<types::Fault> fault;        ///< what stood in the way, where something did
};

/// `outcomes` as policy::judge made them from the same plan and attempts.
Signal signal_of(const types::DeliveryPlan& plan, std::span<const types::Attempt> attempts, std::span<const types::Outcome> outcomes,
                 Instant started);

/// Reads the words of a 421 or 4.7.x reply. Public for its test: the words are other people's.
Complaint complaint_of(const types::Reply& reply);

}  // namespace danewerk::pace
