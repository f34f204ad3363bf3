#include "service/publisher/publisher_status.h"

#include <algorithm>

namespace danewerk::service {
namespace {

std::string at(const char* what, const std::optional<Instant>& instant) {
  return instant ? std::string(", ") + what + " " + to_rfc3339(*instant) : std::string{};
}

bool is_leaving(const PublisherStatus& status, const std::string& key) {
  return std::any_of(status.keys.begin(), status.keys.end(), [&key](const auto& one) { return one.id == key && one.retired_at; });
}

}  // namespace

rollover::Step before_next_key(const PublisherStatus& status) {
  const auto first = [&status](auto holds) { return std::find_if(status.agenda.begin(), status.agenda.end(), holds); };
  auto step = first([](const rollover::Step& one) { return one.what == rollover::Action::publish; });
  if (step == status.agenda.end()) step = first([](const rollover::Step& one) { return one.what == rollover::Action::make_key; });
  if (step == status.agenda.end()) step = first([&status](const rollover::Step& one) { return is_leaving(status, one.key); });  // PUB-04
  return step == status.agenda.end() ? status.next : *step;
}

std::string describe(const PublisherStatus& status) {
  std::string out = "zone " + status.zone.to_string() + (status.group.empty() ? "" : ", group " + status.group) + "\n";
  for (const std::string& ds : status.ds_records) out += "  the parent must hold: " + ds + "\n";
  for (const PublisherStatus::Key& key : status.keys) {
    out += "  key " + key.id + " (" + key.role + "): " + key.record + at("published", key.published_at) +
           at("seen everywhere", key.seen_everywhere_at) + at("safe from", key.ready_at) + at("serving since", key.serving_since) +
           at("certificate ends", key.certificate_expires) + "\n";
  }
  for (const rollover::ServerSight& server : status.observation.servers) {
    out += "  server " + server.server + ": " + rollover::to_string(server.sight) + ", " + std::to_string(server.records.size()) + " records, " +
           server.detail + "\n";
  }
  out += std::string("  validating resolver: ") + rollover::to_string(status.observation.validation);
  out += status.observation.validation_detail.empty() ? "\n" : " (" + status.observation.validation_detail + ")\n";
  out += "  served now: " + status.serving_now.value_or("nothing yet") + "\n";
  out += std::string("  next: ") + rollover::to_string(status.next.what) + " " + status.next.key + " at " + to_rfc3339(status.next.when) + ": " +
         status.next.why + "\n";
  return status.fault.empty() ? out : out + "  fault: " + status.fault + "\n";
}

}  // namespace danewerk::service
