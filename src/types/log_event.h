// LogEvent: one kind of thing an operator may read in the log, as a row of a catalogue.
//
// Free-form log lines cannot be searched, counted, translated or explained. Here every line is an instance of a declared
// kind: an identifier that never changes, a level, one sentence, and what to do about it. Each service declares its kinds in
// one table (`service/edge/edge_events.h`), from which the manual is printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace danewerk::types {

enum class LogLevel : std::uint8_t { debug, info, notice, warning, error };
const char* to_string(LogLevel level) noexcept;

struct LogEvent {
  std::string_view id;        ///< "edge.message_accepted"
  LogLevel level = LogLevel::info;
  std::string_view sentence;  ///< "A message was accepted and is durable."
  std::string_view remedy;    ///< what the operator can do; empty where nothing is needed
};

struct LogField {
  std::string_view name;  ///< "queue", "conn", "tenant", "peer", ...
  std::string value;
};
using LogFields = std::vector<LogField>;

}  // namespace danewerk::types
