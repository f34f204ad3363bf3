// stopping: how a thread that is not a reactor waits for a TaskGroup to end.
#pragma once

#include <future>

#include "io/runtime/task_group.h"

namespace danewerk::io {

enum class Cancel { no, yes };

/// Thread safe. Ready once the group is empty; with Cancel::yes it takes no new work and its tasks are cancelled first.
std::future<void> ending_of(TaskGroup& group, Cancel cancel);

}  // namespace danewerk::io
