// The operations on connectors: list, show, add, set, move, remove, import, export, simulate.
//
// What a change means is engine/connector/edit's; here arguments become drafts, and the edit is given to the store, or with
// `dry_run` only shown. docs/formats/control.md lists the arguments.
#pragma once

#include "app/control/operations.h"
#include "io/store/connector_store.h"

namespace danewerk::app {

/// `parts` and `connectors` outlive the operations.
void add_connector_operations(Operations& operations, OperatedParts& parts, io::ConnectorStore& connectors);
/// connector.simulate: reads the recorded attempts only, not the rules.
void add_connector_simulation(Operations& operations, OperatedParts& parts);

}  // namespace danewerk::app
