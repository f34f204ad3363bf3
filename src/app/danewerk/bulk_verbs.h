// `danewerk domain bulk VERB FILE`: one of the commands for a single domain, for every domain of a file.
//
// Several at a time; each is one call of the same operation that the single command makes, so the same rules hold and each answer
// is the same. All of them may be repeated: what is done already stays as it is, so after an interruption the same command goes
// on.
#pragma once

#include "app/danewerk/bulk_commands.h"

namespace danewerk::app {

void add_bulk_verbs(CLI::App& domain, int& exit_code, BulkAsking asking);

}  // namespace danewerk::app
