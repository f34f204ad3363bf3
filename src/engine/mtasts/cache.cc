#include "engine/mtasts/cache.h"

#include <algorithm>

namespace danewerk::mtasts {
using namespace types;

namespace {

constexpr std::chrono::minutes shortest_hold{1};
constexpr std::chrono::minutes pause_after_failure{5};  // RFC 8461 3.3
constexpr std::chrono::hours refresh_every{24};         // RFC 8461 10.2
constexpr std::chrono::hours refresh_again{1};
constexpr std::chrono::minutes recheck_pause{1};

/// The last fetch failed, and nothing has been fetched since.
bool last_failed(const Memory& memory) { return memory.fault && memory.fault->at >= memory.fetched; }

}  // namespace

Instant expires(const Memory& memory) { return memory.fetched + std::max<Duration>(memory.policy ? memory.policy->max_age : Duration{}, shortest_hold); }

bool is_in_force(const Memory& memory, Instant now) { return memory.policy && now < expires(memory); }

bool wants_fetch(const std::optional<Memory>& memory, const RecordReading& record, Instant now) {
  if (!record.id) return false;  // STS-06: without a record there is nothing to fetch; what is cached goes on
  if (!memory) return true;
  if (is_in_force(*memory, now) && memory->id == *record.id) return false;
  const bool failed_just_now = last_failed(*memory) && memory->failed_id == *record.id && now < memory->fault->at + pause_after_failure;
  return !failed_just_now;  // STS-05
}

std::optional<Instant> refresh_at(const Memory& memory, Instant now) {
  if (!is_in_force(memory, now) || memory.policy->mode == StsPolicyMode::none || now > memory.used + in_use_for) return std::nullopt;
  const Instant due = memory.fetched + std::min<Duration>(refresh_every, (expires(memory) - memory.fetched) / 2);
  return last_failed(memory) ? std::max(due, memory.fault->at + std::min<Duration>(refresh_again, (expires(memory) - memory.fetched) / 2)) : due;
}

bool may_recheck(const std::optional<Memory>& memory, Instant now) {
  if (!memory) return true;
  const Instant last = last_failed(*memory) ? memory->fault->at : memory->fetched;
  return now >= last + recheck_pause;
}

Memory after_success(std::optional<Memory> memory, StsPolicy policy, std::string id, Instant now) {
  Memory out = std::move(memory).value_or(Memory{});
  if (out.used == Instant{}) out.used = now;
  out.policy = std::move(policy);
  out.id = std::move(id);
  out.fetched = now;
  out.fault.reset();
  out.failed_id.clear();
  out.failures = 0;
  return out;
}

Memory after_failure(std::optional<Memory> memory, StsFault fault, std::string id) {
  Memory out = std::move(memory).value_or(Memory{});
  if (out.used == Instant{}) out.used = fault.at;
  out.fault = std::move(fault);
  out.failed_id = std::move(id);
  ++out.failures;
  return out;
}

StsFact fact_of(const DomainName& domain, const std::optional<Memory>& memory, const RecordReading& record, Instant now) {
  StsFact fact;
  fact.domain = domain;
  fact.record_id = record.id;
  fact.record = record.note;
  fact.fault = record.fault;
  if (!memory) return fact;
  if (!fact.fault && last_failed(*memory) && record.id) fact.fault = memory->fault;
  if (!is_in_force(*memory, now)) return fact;
  const StsSource source = record.id && *record.id == memory->id ? StsSource::live : StsSource::cache;
  fact.in_force = StsInForce{*memory->policy, source, memory->id, memory->fetched, expires(*memory)};
  return fact;
}

}  // namespace danewerk::mtasts
