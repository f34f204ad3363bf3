// PublisherStatus: how publication stands, for CLI, API and console; printed from the values the machine decides with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/rollover/rollover.h"
#include "types/domain_name.h"

namespace danewerk::service {

struct PublisherStatus {
  struct Key {
    std::string id;
    std::string record;      ///< "3 1 1 ..."
    std::string role;        ///< "serving", "next", "retired", "withdrawn", "compromised"
    Instant created_at;
    std::optional<Instant> published_at;
    std::optional<Instant> seen_everywhere_at;
    std::optional<Instant> ready_at;
    std::optional<Instant> serving_since;
    std::optional<Instant> certificate_expires;
  };
  types::DomainName zone;
  std::vector<std::string> ds_records;      ///< what the parent zone must hold
  std::vector<Key> keys;
  rollover::ZoneObservation observation;    ///< the last look: servers, what each holds, what a resolver makes of it
  std::optional<std::string> serving_now;   ///< the key the edge was given
  rollover::Step next;                      ///< what comes next, when, and why
  std::string fault;                        ///< of the last step that failed; empty when well
};

/// One line a fact, for people.
std::string describe(const PublisherStatus& status);

}  // namespace danewerk::service
