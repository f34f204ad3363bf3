// run_program: somebody else's program, run to its end under our control.
//
// A tool that is waited for can hang, talk without end, or leave a grandchild that keeps its output open. So there is a
// deadline, a cap on what is kept of its output (the beginning and the end: the end says why it failed), and its end is learnt
// from the kernel and not from the closing of a pipe. It is killed when the deadline passes, when `stop` becomes readable,
// and by the kernel when we end (io/process/child.h).
#pragma once

#include <string>

#include "base/instant.h"
#include "io/process/child.h"

namespace danewerk::io {

struct ProgramEnd {
  enum class How : std::uint8_t { exited, signalled, deadline, stopped };
  How how = How::exited;
  int code = 0;        ///< exit status, or the signal
  std::string output;  ///< standard output and error, at most `most_output` octets
};

/// Blocks the calling thread until the program has ended: never call it from a reactor. `spec.output` is ours to set. `stop`: a
/// descriptor that becomes readable when the program shall be killed, or -1. Errors: as start_child.
Result<ProgramEnd> run_program(ChildSpec spec, Duration deadline, ByteCount most_output, int stop);

}  // namespace danewerk::io
