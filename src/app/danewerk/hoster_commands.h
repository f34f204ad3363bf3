// The commands a hoster needs besides mail and domains: tenant, dkim, nta.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

/// How these commands reach the running program, and how they end.
struct Asking {
  /// Calls an operation, prints its answer by the renderer (or as JSON), and sets the exit code.
  std::function<void(const std::string& operation, Json arguments, std::string (*render)(const Json&))> ask;
  std::function<void(CLI::App*)> add_json;
};

/// `asking` outlives the parsing.
void add_hoster_commands(CLI::App& app, const Asking& asking);

}  // namespace danewerk::app
