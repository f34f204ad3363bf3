// Supervisor: the small process at the top that starts the others and starts them again.
//
// It is the only part of Danewerk that keeps root, so it does next to nothing: no network, no parsing, no threads. It
// starts its children in order, restarts one that ends (at once the first time, then after 1, 2, 4 ... 60 seconds while
// it keeps dying early), and on SIGTERM or SIGINT ends them in reverse order and returns. The mail process notices a dead
// resolver as a lookup error and a dead name server as a failed update: neither is ever read as "insecure".
#pragma once

#include <functional>
#include <vector>

#include "io/process/child.h"

namespace danewerk::io {

/// Something an operator should see: "resolver ended by signal 11, starting again".
using SupervisorReport = std::function<void(const std::string& child, const std::string& what)>;

/// What to start, in order; writes what they need on disk. Called once, while no other supervisor uses the run directory: what a refused
/// second start wrote would otherwise be what the children of the first are started with the next time.
using PrepareChildren = std::function<Result<std::vector<ChildSpec>>()>;

/// Runs until told to stop by SIGTERM or SIGINT; SIGHUP is passed on to the last child. `run_directory` holds the pid
/// files and a lock. Returns 0 after an ordered stop, for which each child has 65 s. Errors: conflict where another
/// supervisor uses `run_directory`; those of `prepare`; the first start of a child failed (all others are ended again).
Result<int> supervise(const PrepareChildren& prepare, const std::string& run_directory, const SupervisorReport& report);

}  // namespace danewerk::io
