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
    types::KeyAlgorithm algorithm = types::KeyAlgorithm::ecdsa_p256;
    rollover::Phase phase = rollover::Phase::made;
    std::optional<Instant> retired_at;
    rollover::Certificate certificate = rollover::Certificate::interim;
    std::string source_says;  ///< why the certificate source has not certified it yet
  };
  types::DomainName zone;
  std::string group;                        ///< of shards, whose keys these are; empty: the default group
  std::vector<std::string> shards;          ///< "s1": those of the group
  std::vector<std::string> ds_records;      ///< what the parent zone must hold
  std::vector<Key> keys;
  rollover::ZoneObservation observation;    ///< the last look: servers, what each holds, what a resolver makes of it
  std::optional<std::string> serving_now;   ///< the keys the edge was given
  std::vector<rollover::Step> agenda;       ///< all that is to be done or waited for, the next first
  std::string source;                       ///< of certificates: "self-issued", "acme", ...
  std::string source_fault;                 ///< in its own words; empty when well
  std::vector<std::string> in_the_way;      ///< domains at whose hosts records of others stand
  std::optional<std::string> held_up;       ///< what has been in the way for longer than it should
  rollover::Step next;                      ///< what comes next, when, and why
  std::string fault;                        ///< of the last step that failed; empty when well
};

/// What a next key waits for while none is published (after a change, one change at a time): the step before it, and when that is.
rollover::Step before_next_key(const PublisherStatus& status);

/// One line a fact, for people.
std::string describe(const PublisherStatus& status);

}  // namespace danewerk::service
