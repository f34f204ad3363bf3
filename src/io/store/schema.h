// The store's schema, and how an older one becomes the present one.
//
// The version is SQLite's user_version. Each migration goes one step forward and is applied in its own transaction at
// open; there is no way back. A file that is newer than the program is refused: an older program cannot know what a
// newer one promised. docs/formats/store.md describes every table; a migration that changes one changes that page too.
#pragma once

#include "base/result.h"
#include "io/store/database.h"

namespace danewerk::io {

/// The version this program writes.
int schema_version();

/// Brings the database to schema_version(), or only to `target` (tests build old files that way). Errors: conflict if it
/// is newer than we are; whatever SQLite says otherwise.
Result<void> migrate(Database& database, int target = schema_version());

}  // namespace danewerk::io
