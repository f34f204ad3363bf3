// ConfigValue: one value of the file before anybody has understood it, with the line it stands on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace danewerk::app {

struct ConfigTable;

struct ConfigValue {
  std::variant<std::string, std::int64_t, bool, std::vector<std::string>, std::vector<ConfigTable>> value;
  std::uint32_t line = 0;
};

/// One of several tables of a name: [[delivery.pool]].
struct ConfigTable {
  std::map<std::string, ConfigValue> values;
  std::uint32_t line = 0;
};

/// "edge.listen" -> value.
using ConfigValues = std::map<std::string, ConfigValue>;

/// TOML 1.0. Tables become dotted keys; arrays hold strings only, or tables ([[name]]) of plain values. Error: malformed, with the line.
Result<ConfigValues> parse_toml(const std::string& text);

}  // namespace danewerk::app
