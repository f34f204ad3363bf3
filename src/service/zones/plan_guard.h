// keep_plan: the plan by which accepted domains have their MX hosts is never changed under them.
//
// A domain's host follows from the domain and the settings alone (types/mx_host_name.h), and stands in an MX record that its owner has
// set. With another number of shards it would be another host; a shard that is held in another way loses its records before it has the
// new ones, and one that was a zone of its own stays cut off from the zone above, where nobody finds what comes in its place. Whoever
// asks for such a host is told that it does not exist, and mail bounces. So the plan is kept beside the keys, and a start with
// another one is refused as long as a domain would notice: better an edge that does not answer than hosts that are gone.
//
// The first start with a zone writes the plan down as it is.
#pragma once

#include <memory>

#include "io/store/domain_store.h"
#include "io/store/key_store.h"
#include "types/mx_host_name.h"

namespace danewerk::service {

/// Errors: conflict, with the domains, what is to become of one, and the settings as they were; corrupt; and what the store says.
io::Task<Result<void>> keep_plan(io::KeyStore& facts, std::shared_ptr<const io::Domains> domains, types::MxPlan plan, Instant now);

}  // namespace danewerk::service
