#include "service/publisher/zone_records.h"

namespace danewerk::service {
namespace {

constexpr Duration between_looks = std::chrono::milliseconds(500);

types::ZoneChange replacing(const types::DomainName& zone, const types::RrSet& set) {
  types::ZoneChange change;
  change.zone = zone;
  change.deletes.emplace_back(types::DeleteRrSet{set.name, set.type});
  if (!set.rdatas.empty()) change.adds.push_back(set);
  return change;
}

}  // namespace

/// The first server that does not show it, with what it shows; empty where all do.
io::Task<std::string> ZoneRecords::lacking(types::RrSet set) {
  const types::DnsQuestion question{set.name, set.type};
  for (const AuthoritativeServer& server : servers_) {
    const auto keys = co_await access_.zone_keys(server);
    if (!keys) co_return server.name + ": " + keys.error().what;
    const ServerReading reading = co_await access_.read(server, question, *keys);
    if (reading.sight != rollover::Sight::verified) co_return server.name + ": " + rollover::to_string(reading.sight) + ", " + reading.detail;
    if (!reading.set.same_records(set)) co_return server.name + " shows another set";
  }
  co_return std::string{};
}

io::Task<Result<void>> ZoneRecords::put(types::RrSet set) {
  if (!set.name.is_within(zone_)) co_return fail(ErrorKind::denied, set.name.to_string() + " is not in our zone " + zone_.to_string());
  const std::string already = co_await lacking(set);
  if (already.empty()) co_return Result<void>{};
  types::ZoneChange change = replacing(zone_, set);
  const auto applied = co_await access_.apply(std::move(change));
  if (!applied) co_return fail(ErrorKind::unavailable, std::string(io::dns::to_string(applied.error().kind)) + ": " + applied.error().what);
  const Instant until = clock_.now() + patience_;
  while (true) {
    const std::string lacks = co_await lacking(set);
    if (lacks.empty()) co_return Result<void>{};
    if (clock_.now() >= until) co_return fail(ErrorKind::unavailable, set.to_string() + " is not on every server: " + lacks);
    co_await clock_.sleep_for(between_looks);
  }
}

}  // namespace danewerk::service
