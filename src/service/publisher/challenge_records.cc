#include "service/publisher/challenge_records.h"

#include <algorithm>

#include "io/dns/update_failure.h"
#include "service/publisher/read_back.h"

namespace danewerk::service {
namespace {

constexpr Ttl challenge_ttl{1};  // the next order for the same name must not meet this one in a cache

types::RrSet record(const types::DomainName& name, const std::string& value) {
  return types::RrSet::of(name, types::RecordType::txt, challenge_ttl, {types::TxtRecord{{value}}});
}

}  // namespace

io::Task<Result<void>> ChallengeRecords::apply(types::ZoneChange change) {
  const auto applied = co_await access_.apply(std::move(change));
  if (applied) co_return Result<void>{};
  co_return failure_of(applied.error());
}

io::Task<Result<void>> ChallengeRecords::publish(types::DomainName name, std::string value) {
  if (!name.is_within(zone_.apex)) co_return fail(ErrorKind::denied, name.to_string() + " is not in our zone " + zone_.apex.to_string());
  const types::RrSet set = record(name, value);
  types::ZoneChange change;
  change.zone = zone::zone_holding(zone_, name);
  change.adds.push_back(set);
  CO_TRY_VOID(co_await apply(std::move(change)));
  SetFault fault = [wanted = set.rdatas.front()](const types::RrSet& shown) {
    const bool there = std::find(shown.rdatas.begin(), shown.rdatas.end(), wanted) != shown.rdatas.end();
    return std::string(there ? "" : "does not have it yet");
  };
  const types::DnsQuestion question{set.name, set.type};
  std::string what = set.name.to_string() + " TXT";
  co_return co_await seen_everywhere(access_, servers_, question, std::move(fault), clock_, patience_, std::move(what));
}

io::Task<Result<void>> ChallengeRecords::remove(types::DomainName name, std::string value) {
  const types::RrSet set = record(name, value);
  types::ZoneChange change;
  change.zone = zone::zone_holding(zone_, name);
  change.deletes.emplace_back(types::DeleteRecord{set.name, set.type, set.rdatas.front()});
  co_return co_await apply(std::move(change));
}

}  // namespace danewerk::service
