// `danewerk tlsa verify` and `danewerk tlsa generate`: DANE on the desk, without a network.
//
// An operator who is about to publish a record, or who is told by someone's bounce that it does not match, needs an answer
// that is the mail server's own. Verify therefore runs exactly what delivery runs (engine/dane selects the records,
// io/tls judges the chain) on a chain in a file; generate makes the record that verify will match.
//
// Exit codes of verify: 0 a record matched; 1 none did; 2 all records are unusable (TLS required, nobody authenticated);
// 3 bad input (a file, name, time or record that cannot be read, or no TLSA record at all); 4 OpenSSL itself failed.
// A record that reads but is of no use (wrong digest length, usage 0 or 1, no data) is unusable, not bad input.
// Exit codes of generate, and of verify --batch: 0, or 3 for bad input; --batch gives each line its own `exit`.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "base/instant.h"

namespace danewerk::cli {

/// Where a command reads and writes; a test gives strings.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

enum class ExitCode : int { matched = 0, not_matched = 1, all_unusable = 2, bad_input = 3, failed = 4 };

/// `arguments` follow the word "tlsa": {"verify", "--chain", ...}. `now` is the default of --at. Returns the exit code.
int run_tlsa(std::span<const std::string> arguments, const Terminal& terminal, Instant now);

/// For main: argv[0] is the word "tlsa". Standard streams and the wall clock.
int run_tlsa(int argc, char** argv);

}  // namespace danewerk::cli
