// `danewerk domain import`: a file of domains, sent to the running program batch by batch; and `domain bulk` (bulk_verbs.h).
//
// Nothing is remembered between two runs, and nothing needs to be: a row that is in already changes nothing, so an interrupted
// import is run again from its beginning. What failed is written to a file that can be mended and imported.
#pragma once

#include "app/danewerk/domain_commands.h"

namespace danewerk::app {

/// `domain` is the command the new ones go under. All references outlive parsing.
void add_bulk_commands(CLI::App& domain, const DomainAsking& asking);

}  // namespace danewerk::app
