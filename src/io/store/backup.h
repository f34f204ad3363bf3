// Copies of the database for backups, and what a restore must know and change in one.
//
// The copy is SQLite's own online backup: one consistent state, taken beside the running program. A restored database remembers
// keys that may have been followed by others since, because their time was over or because they were stolen; told to, it lets go of
// all of them, so that new ones are made and wait as new keys do before they serve (PUB-03). docs/decisions/0077.
#pragma once

#include <cstdint>
#include <string>

#include "base/instant.h"
#include "base/result.h"

namespace danewerk::io {

/// Writes a copy of the database at `from`, which may be in use, to `to`, which must not exist. Synced.
Result<void> copy_database(const std::string& from, const std::string& to);

/// The latest instant at which anything was written down in it: mail, ledger, keys. Nothing happened: 1970.
Result<Instant> newest_fact(const std::string& database);

/// In a database nobody uses: every TLS key counts as withdrawn at `now`; answers of the zone as it was may live for `longest` yet.
/// Returns how many keys that were.
Result<std::uint32_t> withdraw_keys(const std::string& database, const std::string& zone, Ttl longest, Instant now);

}  // namespace danewerk::io
