// Messages as JSON: the one form in which `queue` and `trace` show them (docs/formats/control.md).
#pragma once

#include "app/control/protocol.h"
#include "types/queued_message.h"

namespace danewerk::app {

/// One line of a list.
Json entry_json(const types::QueueEntry& entry);
/// Everything that is known: recipients, attempts with their evidence, how it came, what was written because of it.
Json detail_json(const types::QueueDetail& detail);

}  // namespace danewerk::app
