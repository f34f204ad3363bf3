// `danewerk connector ...`: the operator's rules for destinations, from the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>

#include "app/control/protocol.h"

namespace danewerk::app {

/// Calls an operation of the running program and prints its answer; returns the exit code. `body` may be null.
using AskRunning = std::function<int(const std::string& operation, Json arguments, std::string (*render)(const Json&), std::istream* body, std::uint64_t size)>;

/// Adds the command to `app`. `json` is where --json is noted; all references outlive parsing.
void add_connector_commands(CLI::App& app, bool& json, int& exit_code, AskRunning ask);

}  // namespace danewerk::app
