// Copies of the database for backups, and what a restore must know and change in one.
//
// The copy is SQLite's own online backup: one consistent state, taken beside the running program. A restored database remembers
// keys that may have been followed by others since; told to, it forgets what it knew of their publication, so that each waits
// like a new key before it serves (PUB-03): what caches hold is then never contradicted. docs/decisions/0077.
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

/// In a database nobody uses: every key that may serve was never published, and its record displaces answers that live for
/// `displaced`. What was retired stays so. Returns how many keys will wait.
Result<std::uint32_t> forget_publications(const std::string& database, Ttl displaced);

}  // namespace danewerk::io
