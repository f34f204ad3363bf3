// The commands `backup` and `restore`: they work on the state directory themselves, not through the running program.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "app/config/settings.h"
#include "app/control/protocol.h"

namespace danewerk::app {

struct Offline {
  std::function<Result<Settings>()> settings;                                                ///< of the file given with --config
  std::function<void(const Result<Json>&, std::string (*render)(const Json&))> print;      ///< and sets the exit code
  std::function<void(CLI::App*)> add_json;
};

/// `offline` outlives the parsing.
void add_backup_commands(CLI::App& app, const Offline& offline);

}  // namespace danewerk::app
