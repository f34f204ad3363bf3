#include "types/reply.h"

namespace danewerk::types {

std::string Reply::to_string() const {
  std::string out = std::to_string(code);
  if (enhanced) out += " " + enhanced->to_string();
  for (const std::string& line : lines) {
    if (!line.empty()) out += " " + line;
  }
  return out;
}

}  // namespace danewerk::types
