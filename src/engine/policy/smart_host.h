// blame_smart_host(): a way that the operator chose is not the sender's mistake.
//
// "This domain does not exist", "it takes no mail", "its MX is we ourselves": said of a recipient's domain these are final, and the sender
// can do something about them. Said of a smart host they mean that a rule names something wrong, or that the smart host's zone lost a
// record; returning all mail of a tenant at once, with a notice about a domain that no sender ever wrote, would lose it for a typing
// error (Postfix, too, takes this for a fault of its configuration). So it waits as a fault of our own, which counts toward no limit and
// is alerted, and goes out when rule or record is repaired. What a policy demands of the smart host stays what it is.
#pragma once

#include "types/delivery_plan.h"

namespace danewerk::policy {

/// `plan` was made for the smart host of `plan.rule`. Changes final faults that no policy demanded, of the stop and of hosts left out.
void blame_smart_host(types::DeliveryPlan& plan);

}  // namespace danewerk::policy
