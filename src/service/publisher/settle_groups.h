// Brings the store to the groups of shards that the settings name, before any publisher begins, or refuses to.
//
// Which group each shard has its keys from is kept as a zone fact "key-group/s3" (no fact: the default group), so that settings which
// were changed meanwhile are noticed. engine/zone/key_groups.h says what is safe. Each change is one commit: after a crash the same call goes on.
#pragma once

#include <vector>

#include "engine/zone/key_groups.h"
#include "io/store/key_store.h"

namespace danewerk::service {

/// `groups`: zone::all_groups(). Returns what was changed, a sentence each, for the log. Errors: conflict, where the groups would contradict
/// caches: nothing is changed then; and what the store says.
io::Task<Result<std::vector<std::string>>> settle_groups(io::KeyStore& store, types::DomainName zone, std::vector<zone::KeyGroup> groups, Instant now);

}  // namespace danewerk::service
