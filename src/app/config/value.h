// ConfigValue: one value of the file before anybody has understood it, with the line it stands on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace danewerk::app {

struct ConfigValue {
  std::variant<std::string, std::int64_t, bool, std::vector<std::string>> value;
  std::uint32_t line = 0;
};

/// "edge.listen" -> value.
using ConfigValues = std::map<std::string, ConfigValue>;

/// TOML 1.0. Tables become dotted keys; arrays hold strings only. Error: malformed, with the line.
Result<ConfigValues> parse_toml(const std::string& text);

}  // namespace danewerk::app
