// ChildSpec and start_child: a program run under a user of its own, that dies when we do.
//
// The resolver parses what strangers send, the name server holds the zone's keys, the mail process holds everybody's
// mail: none of them may be able to touch what the others own. So each runs under its own user, with no capability but
// the one to bind low ports where it needs that, without new privileges, with a memory limit, and, where the kernel has
// Landlock, writing nowhere but into its own directory.
//
// A child never outlives us: the kernel kills it when our process ends, even by SIGKILL (PR_SET_PDEATHSIG). Should a
// kernel fail at that, its pid file lets the next start recognise and end the leftover.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace danewerk::io {

/// A user and group to run as. `find` reads the system's user database. Error: not_found, naming the user.
struct RunAs {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;

  static Result<RunAs> find(const std::string& user);
};

struct ChildSpec {
  std::string name;                      ///< for logs and the pid file: "resolver"
  std::vector<std::string> argv;         ///< argv[0] is a path, not searched for
  std::vector<std::string> environment;  ///< "NAME=value", all that the child gets
  std::optional<RunAs> run_as;           ///< nothing: as we are (only where we are not root)
  bool may_bind_low_ports = false;       ///< keeps CAP_NET_BIND_SERVICE
  std::optional<ByteCount> memory_limit; ///< RLIMIT_AS
  std::vector<std::string> writable;     ///< Landlock: directories it may write below; empty: not restricted
  std::vector<gid_t> more_groups = {};   ///< beside its own; only with run_as
  int output = -1;                       ///< a descriptor that takes the place of its standard output and error; -1: ours
};

/// Forks and executes. Must be called from the process's main thread: the kernel ties a child's life to the thread that
/// forked it. Errors: not_found (program), denied, unavailable.
Result<pid_t> start_child(const ChildSpec& spec);

/// Writes `directory`/NAME.pid: pid and start time, so that a leftover can be told from a stranger with the same pid.
Result<void> note_child(const std::string& directory, const std::string& name, pid_t pid);

/// Ends the process that `directory`/NAME.pid speaks of, if it is still the same one. True if there was one.
bool end_leftover(const std::string& directory, const std::string& name);

}  // namespace danewerk::io
