#include "app/control/alerts.h"

#include <algorithm>

#include "app/control/control_events.h"

namespace danewerk::app {

void Alerts::raise(const std::string& subject, const std::string& what) {
  const std::lock_guard guard(mutex_);
  const auto [at, fresh] = standing_.try_emplace(subject, Alert{subject, what, clock_.now()});
  at->second.what = what;
  if (!fresh) return;
  log_.event(control_events::alert_raised, {{"subject", subject}, {"what", what}});
  if (listener_) listener_(at->second, Change::begun);
}

void Alerts::clear(const std::string& subject) {
  const std::lock_guard guard(mutex_);
  const auto at = standing_.find(subject);
  if (at == standing_.end()) return;
  log_.event(control_events::alert_cleared, {{"subject", subject}, {"since", to_rfc3339(at->second.since)}});
  if (listener_) listener_(at->second, Change::over);
  standing_.erase(at);
}

void Alerts::set(const std::string& subject, const std::optional<std::string>& fault) {
  if (fault) {
    raise(subject, *fault);
  } else {
    clear(subject);
  }
}

std::vector<Alert> Alerts::standing() const {
  const std::lock_guard guard(mutex_);
  std::vector<Alert> out;
  for (const auto& [subject, alert] : standing_) out.push_back(alert);
  std::stable_sort(out.begin(), out.end(), [](const Alert& a, const Alert& b) { return a.since < b.since; });
  return out;
}

}  // namespace danewerk::app
