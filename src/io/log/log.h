// Log: where catalogued events go.
//
// One record is one line and one write(2), so that lines of several threads and processes never mix. logfmt for people and
// grep, JSON lines by option. Whatever a peer put into a field is escaped: nobody can forge a record or a terminal sequence.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "io/runtime/clock.h"
#include "types/log_event.h"

namespace danewerk::io {

/// A seam: the program writes to a descriptor, tests keep the records. Thread safe.
class Log {
 public:
  virtual ~Log() = default;
  virtual void event(const types::LogEvent& kind, types::LogFields fields) = 0;
};

enum class LogFormat { logfmt, json };

class DescriptorLog final : public Log {
 public:
  /// Does not own the descriptor. Records below `least` are dropped.
  DescriptorLog(const Clock& clock, int descriptor, LogFormat format, types::LogLevel least);
  void event(const types::LogEvent& kind, types::LogFields fields) override;

 private:
  const Clock& clock_;
  int descriptor_;
  LogFormat format_;
  types::LogLevel least_;
};

class MemoryLog final : public Log {
 public:
  void event(const types::LogEvent& kind, types::LogFields fields) override;
  /// "edge.message_accepted queue=... peer=...", in order.
  std::vector<std::string> records() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
};

/// One line without its end: `time=... level=info event=edge.x msg="..." name=value`, or the same as a JSON object.
std::string format_record(LogFormat format, Instant at, const types::LogEvent& kind, const types::LogFields& fields);

}  // namespace danewerk::io
