// expire: a person gives up mail before its time, and its sender is told.
//
// Dropping mail loses it silently; waiting out the limit leaves a sender without news for days although the operator knows that
// nothing will come of it. Expiring ends it like the limit would: the last failure is the reason, the notice is written in the
// transaction that records the end, and a ledger row says who did it and why.
//
// Mail that is in delivery at this moment is passed over and counted: its own result comes first, or a sender would be told of a
// failure that was none. RFC 5321 4.5.4.1, 6.1.
#pragma once

#include "service/delivery/deliver.h"

namespace danewerk::service {

struct Expired {
  std::uint64_t recipients = 0;
  std::uint64_t in_delivery = 0;  ///< recipients passed over
};

/// Ends all that matches and was received before `act.at`, waiting or held, slice by slice: others' commits come between.
/// On error the slices before it hold.
io::Task<Result<Expired>> expire(const DeliveryParts& parts, types::QueueFilter filter, types::AdminAct act);

}  // namespace danewerk::service
