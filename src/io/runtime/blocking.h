// blocking: how a thread that is not a reactor runs a task on one and waits for it. For start and stop only.
#pragma once

#include <future>

#include "io/runtime/task.h"

namespace danewerk::io {

/// Runs `task` on `executor` and returns when it has ended. Never call it from a reactor's own thread.
void run_on(Executor executor, Task<> task);

}  // namespace danewerk::io
