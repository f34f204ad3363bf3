#include "service/publisher/challenge_records.h"

#include <algorithm>

namespace danewerk::service {
namespace {

constexpr Ttl challenge_ttl{1};  // the next order for the same name must not meet this one in a cache
constexpr Duration between_looks = std::chrono::milliseconds(500);

types::RrSet record(const types::DomainName& name, const std::string& value) {
  return types::RrSet::of(name, types::RecordType::txt, challenge_ttl, {types::TxtRecord{{value}}});
}

}  // namespace

io::Task<Result<void>> ChallengeRecords::apply(types::ZoneChange change) {
  const auto applied = co_await access_.apply(std::move(change));
  if (applied) co_return Result<void>{};
  co_return fail(ErrorKind::unavailable, std::string(io::dns::to_string(applied.error().kind)) + ": " + applied.error().what);
}

/// The first server that does not show it, with what it shows; empty where all do.
io::Task<std::string> ChallengeRecords::lacking(types::RrSet set) {
  const types::DnsQuestion question{set.name, set.type};
  for (const AuthoritativeServer& server : servers_) {
    const auto keys = co_await access_.zone_keys(server);
    if (!keys) co_return server.name + ": " + keys.error().what;
    const ServerReading reading = co_await access_.read(server, question, *keys);
    if (reading.sight != rollover::Sight::verified) co_return server.name + ": " + rollover::to_string(reading.sight) + ", " + reading.detail;
    if (std::find(reading.set.rdatas.begin(), reading.set.rdatas.end(), set.rdatas.front()) == reading.set.rdatas.end()) {
      co_return server.name + " does not have it yet";
    }
  }
  co_return std::string{};
}

io::Task<Result<void>> ChallengeRecords::publish(types::DomainName name, std::string value) {
  if (!name.is_within(zone_.apex)) co_return fail(ErrorKind::denied, name.to_string() + " is not in our zone " + zone_.apex.to_string());
  const types::RrSet set = record(name, value);
  types::ZoneChange change;
  change.zone = zone::zone_holding(zone_, name);
  change.adds.push_back(set);
  CO_TRY_VOID(co_await apply(std::move(change)));
  const Instant until = clock_.now() + patience_;
  while (true) {
    const std::string lacks = co_await lacking(set);
    if (lacks.empty()) co_return Result<void>{};
    if (clock_.now() >= until) co_return fail(ErrorKind::unavailable, set.name.to_string() + " TXT is not on every server: " + lacks);
    co_await clock_.sleep_for(between_looks);
  }
}

io::Task<Result<void>> ChallengeRecords::remove(types::DomainName name, std::string value) {
  const types::RrSet set = record(name, value);
  types::ZoneChange change;
  change.zone = zone::zone_holding(zone_, name);
  change.deletes.emplace_back(types::DeleteRecord{set.name, set.type, set.rdatas.front()});
  co_return co_await apply(std::move(change));
}

}  // namespace danewerk::service
