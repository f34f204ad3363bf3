// Alerts: what is wrong on our own side, said once when it begins and once when it is over.
//
// A resolver that does not validate, a clock that is wrong, a disk that is full or broken: each stops mail, none is any
// destination's fault, and no message's limit runs meanwhile (engine/retry). Told with every lookup and every message they
// flood the log; told once and forgotten they are overlooked. So each is a fact with its beginning: raised once, shown by
// `danewerk status` for as long as it lasts, cleared once.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "io/log/log.h"
#include "io/runtime/clock.h"

namespace danewerk::app {

struct Alert {
  std::string subject;  ///< "resolver", "clock", "store", "disk"
  std::string what;
  Instant since{};
};

/// Thread safe.
class Alerts {
 public:
  Alerts(io::Log& log, const io::Clock& clock) : log_(log), clock_(clock) {}

  /// Logs it unless it stands already; other words for the same subject are kept without another event.
  void raise(const std::string& subject, const std::string& what);
  /// Logs that it is over, if it stood.
  void clear(const std::string& subject);
  /// raise() where there is a fault, else clear().
  void set(const std::string& subject, const std::optional<std::string>& fault);
  enum class Change : std::uint8_t { begun, over };
  /// Whom each change is told, besides the log, from whatever thread it comes. Before any task uses this; must not call back.
  void listen(std::function<void(const Alert&, Change)> listener) { listener_ = std::move(listener); }
  /// The longest standing first.
  std::vector<Alert> standing() const;

 private:
  io::Log& log_;
  const io::Clock& clock_;
  std::function<void(const Alert&, Change)> listener_;
  mutable std::mutex mutex_;
  std::map<std::string, Alert> standing_;
};

}  // namespace danewerk::app
