// unlink_body(): removes the spool file, if it has one, of a message that needs its body no more.
//
// On a file thread, and without waiting for it. It is not durable and need not be: a file that comes back has no row, and the next start
// sweeps it. So it is called only once the commit that ended the message has succeeded, or the one that took it was certainly undone.
#pragma once

#include "io/store/store.h"

namespace danewerk::io {

void unlink_body(Store& store, types::QueueId id);

}  // namespace danewerk::io
