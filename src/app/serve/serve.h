// What `danewerk serve` runs: the supervisor, and below it the mail process.
#pragma once

#include <string>

#include "app/config/settings.h"
#include "io/dns/tsig_key.h"

namespace danewerk::app {

/// Makes the directories, writes the children's configuration, starts resolver, name server and mail process, each under its
/// own user where we are root, and keeps them running until SIGTERM or SIGINT. Errors: what keeps it from starting.
Result<int> run_supervisor(const Settings& settings, const std::string& config_path);

/// The mail process: edge, queue, delivery, publisher, control. Runs until SIGTERM or SIGINT; returns the exit code.
Result<int> run_worker(const Settings& settings);

/// This very program, for what we have others call.
std::string own_program();

/// Of our own resolver; its control socket lies there.
std::string resolver_directory(const Settings& settings);

/// The key of our zone updates: the operator's (zone.update_key_file), or the one we made. Errors: unavailable; corrupt or malformed, naming the file.
Result<io::dns::TsigKey> read_update_key(const Settings& settings);

}  // namespace danewerk::app
