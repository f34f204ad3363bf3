// A member of an answer as text for people: what is no string as JSON, what is not there as nothing.
#pragma once

#include <string>

#include "app/control/protocol.h"

namespace danewerk::app {

inline std::string text(const Json& json, const char* name) {
  if (!json.contains(name)) return "";
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

}  // namespace danewerk::app
