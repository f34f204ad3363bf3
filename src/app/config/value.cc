#include "app/config/value.h"

#include "app/config/toml_library.h"

namespace danewerk::app {
namespace {

Result<ConfigValue> convert(const std::string& key, const toml::node& node);

Result<ConfigValue> convert_tables(const std::string& key, const toml::array& array, std::uint32_t line) {
  std::vector<ConfigTable> tables;
  for (const toml::node& item : array) {
    ConfigTable& table = tables.emplace_back(ConfigTable{{}, item.source().begin.line});
    for (const auto& [name, node] : *item.as_table()) {
      TRY(ConfigValue value, convert(key + "." + std::string(name.str()), node));
      table.values.emplace(name.str(), std::move(value));
    }
  }
  return ConfigValue{std::move(tables), line};
}

Result<ConfigValue> convert(const std::string& key, const toml::node& node) {
  const std::uint32_t line = node.source().begin.line;
  const auto bad = [&](const char* what) {
    return fail(ErrorKind::malformed, "line " + std::to_string(line) + ": " + key + ": " + what);
  };
  if (const auto* text = node.as_string()) return ConfigValue{text->get(), line};
  if (const auto* number = node.as_integer()) return ConfigValue{number->get(), line};
  if (const auto* truth = node.as_boolean()) return ConfigValue{truth->get(), line};
  const auto* array = node.as_array();
  if (!array) return bad("write a string, a whole number, true or false, or a list of strings");
  if (array->is_array_of_tables()) return convert_tables(key, *array, line);
  std::vector<std::string> items;
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (!text) return bad("the list may hold strings only");
    items.push_back(text->get());
  }
  return ConfigValue{std::move(items), line};
}

Result<void> collect(const std::string& prefix, const toml::table& table, ConfigValues& into) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      TRY_VOID(collect(key + ".", *inner, into));
      continue;
    }
    TRY(ConfigValue value, convert(key, node));
    into.emplace(key, std::move(value));
  }
  return {};
}

}  // namespace

Result<ConfigValues> parse_toml(const std::string& text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return fail(ErrorKind::malformed, "line " + std::to_string(parsed.error().source().begin.line) + ": " +
                                          std::string(parsed.error().description()));
  }
  ConfigValues values;
  TRY_VOID(collect("", parsed.table(), values));
  return values;
}

}  // namespace danewerk::app
