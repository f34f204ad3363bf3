#include "app/cli/misspelt.h"

#include <CLI/CLI.hpp>

namespace danewerk::cli {

std::optional<std::string> misspelt(const CLI::App& app, const CLI::ParseError& error) {
  const auto extra = app.remaining(true);
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr || extra.empty()) return std::nullopt;
  return "there is no '" + extra.front() + "' here";
}

}  // namespace danewerk::cli
