// Backup and restore of all that would be missed: mail, domains and keys (the store), the zone and its DNSSEC keys, the update key.
//
// A backup is taken beside the running program, by SQLite's online copy and by Knot's own; a restore wants it stopped. The danger is
// not in losing but in returning: a key older than what the world's caches hold must not serve. So a restore never replaces a state
// in which something happened after the backup, and no key of the backup serves again: new ones are made and wait as PUB-03 says,
// unless the operator knows that none was rolled since. With an external primary the zone itself tells (service/publisher). docs/operate/backup.md
#pragma once

#include <string>

#include "app/config/settings.h"
#include "app/control/protocol.h"

namespace danewerk::app {

/// Into `directory`, which must not exist or be empty. As root, or as whoever owns the state. Says what was copied.
Result<Json> run_backup(const Settings& settings, const std::string& directory);

struct RestoreWishes {
  bool over_newer = false;            ///< put the backup in place of a state that is newer
  bool nothing_rolled_since = false;  ///< the operator vouches: the keys of the backup are those that are published
};

/// What is there is moved aside, not removed. Errors: conflict (running; newer), not_found, corrupt.
Result<Json> run_restore(const Settings& settings, const std::string& directory, const RestoreWishes& wishes);

}  // namespace danewerk::app
