// The configuration file as a tired person may have left it. Held: a file is taken or refused with words for each fault, a line each;
// what TOML holds is read without reaching beyond it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "app/config/schema.h"
#include "base/bytes.h"
#include "base/check.h"

using namespace danewerk;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text(ByteView(data, size)));
  const auto values = app::parse_toml(text);
  const auto settings = app::read_settings(text);
  if (!values) {
    CHECK(!settings && !values.error().what.empty());
    return 0;
  }
  for (const auto& [key, value] : *values) CHECK(!key.empty() && value.line > 0);
  if (!settings) CHECK(!settings.error().what.empty());
  return 0;
}
