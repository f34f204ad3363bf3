// The commands about domains, and their aliases in Exchange Online's names.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "app/control/protocol.h"

namespace danewerk::app {

/// How these commands reach the running program.
struct DomainAsking {
  /// Calls an operation.
  std::function<Result<Json>(const std::string& operation, Json arguments)> call;
  std::function<int(const Error&)> complain;  ///< prints it and gives the exit code
  bool& json;                                 ///< print JSON
  int& exit_code;
};

/// `asking` outlives the parsing.
void add_domain_commands(CLI::App& app, const DomainAsking& asking);

}  // namespace danewerk::app
