#include "engine/dsn/wanted.h"

#include <optional>

namespace danewerk::dsn {
using types::DsnNotify;

namespace {

/// What a notice would say of the event; nothing where somebody else will say it.
std::optional<Action> action_of(Event event) {
  switch (event) {
    case Event::failed: return Action::failed;
    case Event::delayed: return Action::delayed;
    case Event::delivered: return Action::delivered;
    case Event::relayed: return std::nullopt;  // RFC 3461 5.2.1
    case Event::relayed_past_dsn: return Action::relayed;
  }
  return std::nullopt;
}

/// RFC 3461 5.2.2 to 5.2.6. SMTP-09
bool is_wished(const DsnNotify& notify, Action action, DelayByDefault delay) {
  if (notify.specified && notify.never) return false;
  switch (action) {
    case Action::failed: return !notify.specified || notify.failure;
    case Action::delayed: return notify.specified ? notify.delay : delay == DelayByDefault::tell;
    case Action::delivered:
    case Action::relayed: return notify.specified && notify.success;
  }
  return false;
}

}  // namespace

std::vector<Due> wanted(const types::Envelope& envelope, std::span<const Happened> happened, DelayByDefault delay) {
  std::vector<Due> due;
  if (!envelope.sender.path) return due;  // SMTP-06: RFC 3461 5.2, RFC 5321 4.5.5
  for (const Happened& one : happened) {
    const auto index = static_cast<std::size_t>(one.recipient);
    CHECK(index < envelope.recipients.size());
    const std::optional<Action> action = action_of(one.event);
    if (action && is_wished(envelope.recipients[index].notify, *action, delay)) due.push_back({one.recipient, *action});
  }
  return due;
}

const char* to_string(Action action) noexcept {
  switch (action) {
    case Action::failed: return "failed";
    case Action::delayed: return "delayed";
    case Action::delivered: return "delivered";
    case Action::relayed: return "relayed";
  }
  return "failed";
}

}  // namespace danewerk::dsn
