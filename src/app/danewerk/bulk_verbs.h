// `danewerk domain bulk VERB FILE`: one of the commands for a single domain, for every domain of a file.
//
// Several at a time; each is one call of the same operation that the single command makes, so the same rules hold and each answer
// is the same. All of them may be repeated: what is done already stays as it is. With a file of results an interrupted run goes on
// behind the last domain that was answered for, instead of looking at all of them again.
#pragma once

#include "app/danewerk/domain_commands.h"

namespace danewerk::app {

/// `domain` is the command it goes under. All references outlive parsing.
void add_bulk_verbs(CLI::App& domain, const DomainAsking& asking);

}  // namespace danewerk::app
