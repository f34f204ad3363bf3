// The schema of the configuration file: the one table from which it is read, checked and explained.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "app/config/settings.h"
#include "app/config/value.h"

namespace danewerk::app {

struct SchemaRow {
  std::string_view key;           ///< "edge.listen"
  std::string_view default_toml;  ///< the default as one would write it: ["0.0.0.0:25", "[::]:25"]
  std::string_view explanation;   ///< for the manual, ends in a full stop
  std::function<Result<void>(const ConfigValue&, Settings&)> read;
};

std::span<const SchemaRow> schema();

/// The settings of a file's text over the defaults, checked as a whole. Every fault is found, one a line in Error::what:
/// unknown keys with a suggestion, values with what was expected, contradictions. Error: malformed.
Result<Settings> read_settings(const std::string& toml_text);

/// An annotated file with every key at its default.
std::string describe_settings();

}  // namespace danewerk::app
