// `danewerk domain import`: a file of domains, sent to the running program batch by batch.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "app/control/protocol.h"

namespace danewerk::app {

/// How these commands reach the running program.
struct BulkAsking {
  /// One operation; errors as of app::call, and what is wrong with the configuration.
  std::function<Result<Json>(const std::string& operation, Json arguments)> call;
  std::function<void(CLI::App*)> add_json;
  std::function<bool()> wants_json;
};

/// `domain` is the command the new ones go under. All references outlive parsing.
void add_bulk_commands(CLI::App& domain, int& exit_code, BulkAsking asking);

}  // namespace danewerk::app
