// misspelt(): CLI11 says "a subcommand is required" of one that it does not know; people want to hear which word that was.
#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace danewerk::cli {

/// "there is no 'stauts' here", where `error` is about a word that is no subcommand of `app`.
std::optional<std::string> misspelt(const CLI::App& app, const CLI::ParseError& error);

}  // namespace danewerk::cli
